import type { KubeObject } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import type { User } from '../security/user.ts';

/** A write, as admission sees it. */
export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: User;
  readonly dryRun: boolean;
  /** The object as it would be stored; undefined for a delete. */
  readonly object: KubeObject | undefined;
  /** The object as it is stored; undefined for a create. */
  readonly oldObject: KubeObject | undefined;
}

/** Has a say in every write before it is stored. */
export interface Admission {
  /** The object, changed or not. Throws to refuse. */
  mutate(attributes: AdmissionAttributes): Promise<KubeObject | undefined>;
  /** Throws to refuse. */
  validate(attributes: AdmissionAttributes): Promise<void>;
}
