import { inject, injectable, multiInject, optional } from 'inversify';
import { component, many, oneShot, supply, token } from '../../src/fx/index.ts';

interface Rate {
  /** Price after this rule. */
  apply(cents: number): number;
}
const Rate = token<Rate>()('rate');
const Currency = token<string>()('currency');

interface PriceTag {
  show(cents: number): string;
}
const PriceTag = token<PriceTag>()('price-tag');

@injectable()
class Discount implements Rate {
  apply(cents: number): number {
    return cents * 0.9;
  }
}

/** The decorators say what it requires; inversify builds it. Everything else is as for a create function. */
@injectable()
class RoundedPriceTag implements PriceTag {
  readonly #rates: readonly Rate[];
  readonly #currency: string;

  constructor(@multiInject(Rate) rates: readonly Rate[], @inject(Currency) @optional() currency = 'coins') {
    this.#rates = rates;
    this.#currency = currency;
  }

  show(cents: number): string {
    const price = this.#rates.reduce((sum, rate) => rate.apply(sum), cents);
    return `${Math.round(price)} ${this.#currency}`;
  }
}

const list = [
  component({ name: 'discount', provides: many(Rate), create: Discount }),
  component({ provides: PriceTag, create: RoundedPriceTag }),
  supply(Currency, 'cents'),
];

console.log(await oneShot(list, { tag: PriceTag }, ({ tag }) => tag.show(199)));
