import { Secret } from '../secrets/index.ts';
import { parse, setting, type, type Setting } from './setting.ts';

/**
 * Keys that the Go cluster agent, its Helm chart and its operator know. Each line is a section and its keys with their
 * defaults: `true`, `12`, `0.5`, `5m` (a duration), `[a,b]`, `{a:b}`, `*` (a secret), `?` (anything), `-` (empty text), text.
 * What a component declares takes the place of its line here.
 */
const known = `
.: additional_checksd=/etc/datadog-agent/checks.d additional_endpoints=? ad_config_poll_interval=10 ac_load_timeout=30000 ac_include=[] ac_exclude=[]
.: aggregator_buffer_size=100 aggregator_stop_timeout=2 aggregator_use_tags_store=true allow_arbitrary_tags=false auth_token_file_path=-
.: auth_init_timeout=30s autoconf_config_files_poll=false autoconf_config_files_poll_interval=60 autoconf_template_dir=/datadog/check_configs
.: autoconf_template_url_timeout=5 autoconfig_exclude_features=[] autoconfig_from_environment=true autoconfig_include_features=[] azure_hostname_style=os
.: basic_telemetry_add_container_tags=false bind_host=- bosh_id=- c_core_dump=false c_stacktrace_collection=false cel_workload_exclude=?
.: check_cancel_timeout=500ms check_runners=4 check_sampler_bucket_commits_count_expiry=2 check_sampler_context_metrics=false
.: check_sampler_expire_metrics=true check_sampler_stateful_metric_expiration_time=25h checks_tag_cardinality=low clc_runner_enabled=false
.: clc_runner_host=- clc_runner_id=- clc_runner_port=5005 clc_runner_remote_tagger_enabled=false clc_runner_server_readheader_timeout=10
.: clc_runner_server_write_timeout=15 cloud_provider_metadata=[aws,gcp,azure,alibaba,oracle,ibm] cluster_name=- cmd_host=localhost cmd_port=5001
.: collect_ec2_tags=false collect_ec2_tags_use_imds=false collect_gce_tags=true collect_kubernetes_events=false conf_path=. confd_path=/etc/datadog-agent/conf.d
.: config_providers=? container_cgroup_prefix=- container_cgroup_root=/sys/fs/cgroup/ container_env_as_tags={} container_exclude=[]
.: container_exclude_logs=[] container_exclude_metrics=[] container_exclude_stopped_age=22 container_include=[] container_include_logs=[]
.: container_include_metrics=[] container_labels_as_tags={} container_proc_root=/proc containerd_exclude_namespaces=[moby] containerd_namespace=[]
.: containerd_namespaces=[] cri_connection_timeout=1 cri_query_timeout=5 cri_socket_path=- default_integration_http_timeout=9
.: disable_cluster_name_tag_key=false disable_file_logging=false disable_py3_validation=false disable_unsafe_yaml=true docker_env_as_tags={}
.: docker_labels_as_tags={} docker_query_timeout=5 ec2_metadata_timeout=300 ec2_metadata_token_lifetime=21600 ec2_prefer_imdsv2=false
.: ec2_prioritize_instance_id_as_hostname=false ec2_use_dmi=true ec2_use_windows_prefix_detection=false ecs_agent_container_name=ecs-agent
.: ecs_agent_url=- ecs_collect_resource_tags_ec2=false ecs_metadata_timeout=500 eks_fargate=false enable_gohai=true enable_metadata_collection=true
.: enable_events_stream_payload_serialization=true enable_json_stream_shared_compressor_buffers=true enable_service_checks_stream_payload_serialization=true
.: enable_signing_metadata_collection=true enable_sketch_stream_payload_serialization=true enable_stream_payload_serialization=true
.: enabled_rfc1123_compliant_cluster_name_tag=true env=- exclude_ec2_tags=[] exclude_gce_tags=[] exclude_pause_container=true expected_tags_duration=0s
.: expvar_port=5000 extra_config_providers=[] extra_listeners=[] extra_tags=[] fleet_policies_dir=- gce_metadata_timeout=1000 gce_send_project_id_tag=false
.: go_core_dump=false gui_port=5002 health_port=0 health_platform.enabled=false histogram_aggregates=[max,median,avg,count] histogram_copy_to_distribution=false
.: histogram_copy_to_distribution_prefix=- histogram_percentiles=[0.95] host_aliases=[] hostname=- hostname_file=- hostname_fqdn=false
.: hostname_force_config_as_canonical=false hostname_trust_uts_namespace=false hpa_configmap_name=datadog-custom-metrics hpa_watcher_gc_period=300
.: hpa_watcher_polling_freq=10 ibm_metadata_timeout=5 ignore_autoconf=[] ignore_host_etc=false infrastructure_mode=full integration_check_status_enabled=false
.: integration_profiling=false integration_tracing=false integration_tracing_exhaustive=false inventories_checks_configuration_enabled=true
.: inventories_collect_cloud_provider_account_id=true inventories_configuration_enabled=true inventories_enabled=true inventories_first_run_delay=60
.: inventories_max_interval=0 inventories_min_interval=0 ipc_address=- ipc_cert_file_path=- kube_cache_sync_timeout_seconds=5 kube_resources_namespace=-
.: kubelet_auth_token_path=- kubelet_cache_pods_duration=5 kubelet_client_ca=- kubelet_client_crt=- kubelet_client_key=- kubelet_core_check_enabled=true
.: kubelet_listener_polling_interval=5 kubelet_tls_verify=true kubelet_use_api_server=false kubelet_wait_on_missing_container=0 kubernetes_ad_tags_disabled=[]
.: kubernetes_apiserver_ca_path=- kubernetes_apiserver_client_timeout=10 kubernetes_apiserver_informer_client_timeout=0 kubernetes_apiserver_tls_verify=true
.: kubernetes_apiserver_use_protobuf=false kubernetes_collect_metadata_tags=true kubernetes_event_collection_timeout=100 kubernetes_http_kubelet_port=10255
.: kubernetes_https_kubelet_port=10250 kubernetes_informers_resync_period=300 kubernetes_kubeconfig_path=- kubernetes_kubelet_host=-
.: kubernetes_kubelet_nodename=- kubernetes_kubelet_podresources_socket=- kubernetes_kube_service_ignore_readiness=false kubernetes_map_services_on_ip=false
.: kubernetes_events_source_detection.enabled=false enable_nvml_detection=false collect_dns_stats=false
.: kubernetes_metadata_tag_update_freq=60 kubernetes_namespace_annotations_as_tags={} kubernetes_namespace_collection_enabled=false
.: kubernetes_namespace_labels_as_tags={} kubernetes_node_annotations_as_host_aliases=[cluster.k8s.io/machine]
.: kubernetes_node_annotations_as_tags={cluster.k8s.io/machine:kube_machine} kubernetes_node_label_as_cluster_name=- kubernetes_node_labels_as_tags={}
.: kubernetes_pod_annotations_as_tags={} kubernetes_pod_expiration_duration=900 kubernetes_pod_labels_as_tags={} kubernetes_resources_annotations_as_tags=?
.: kubernetes_resources_labels_as_tags=? kubernetes_use_endpoint_slices=false leader_election=false leader_election_default_resource=configmap
.: leader_election_release_on_shutdown=true leader_lease_duration=60 leader_lease_name=datadog-leader-election listeners=?
.: log_all_goroutines_when_unhealthy=false log_enabled=false log_file=- log_file_max_rolls=1 log_file_max_size=10Mb log_format_json=false
.: log_format_rfc3339=false log_level=info log_payloads=false log_to_console=true log_to_syslog=false log_use_slog=false logging_frequency=500 logs_enabled=false
.: memtrack_enabled=true metadata_endpoints_max_hostname_size=255 metadata_providers=? metrics_port=5000 min_tls_version=tlsv1.2 force_tls_12=false
.: no_proxy_nonexact_match=false origin_detection_unified=false podman_db_path=- proc_root=/proc procfs_path=/proc provider_kind=- python_version=3
.: python3_linter_timeout=120 remote_tagger_timeout_seconds=30 run_path=/opt/datadog-agent/run secret_allowed_k8s_namespace=[] secret_audit_file_max_size=0
.: secret_backend_arguments=[] secret_backend_command=- secret_backend_command_allow_group_exec_perm=false secret_backend_config=? secret_backend_output_max_size=0
.: secret_backend_remove_trailing_line_break=false secret_backend_skip_checks=false secret_backend_timeout=0 secret_backend_type=- secret_image_to_handle=?
.: secret_refresh_interval=0 secret_refresh_on_api_key_failure_interval=0 secret_refresh_scatter=true secret_scope_integration_to_their_k8s_namespace=false
.: multi_secret_backends=? serializer_compressor_kind=zlib serializer_max_payload_size=2621440 serializer_max_series_payload_size=512000
.: serializer_max_series_points_per_payload=10000 serializer_max_series_uncompressed_payload_size=5242880 serializer_max_uncompressed_payload_size=4194304
.: serializer_zstd_compressor_level=1 server_timeout=30 skip_ssl_validation=false sslkeylogfile=- statsd_forward_host=- statsd_forward_port=0
.: statsd_metric_blocklist=[] statsd_metric_blocklist_match_prefix=false statsd_metric_namespace=- syslog_key=- syslog_pem=- syslog_rfc=false
.: syslog_tls_verify=true syslog_uri=- tag_value_split_separator={} tags=[] tls_handshake_timeout=10s tracemalloc_debug=false tracemalloc_exclude=-
.: tracemalloc_include=- use_dogstatsd=true win_skip_com_init=false
.: forwarder_apikey_validation_interval=60 forwarder_backoff_base=2 forwarder_backoff_factor=2 forwarder_backoff_max=64 forwarder_connection_reset_interval=0
.: forwarder_flush_to_disk_mem_ratio=0.5 forwarder_high_prio_buffer_size=100 forwarder_low_prio_buffer_size=100 forwarder_num_workers=1
.: forwarder_outdated_file_in_days=10 forwarder_recovery_interval=2 forwarder_recovery_reset=false forwarder_requeue_buffer_size=100
.: forwarder_retry_queue_capacity_time_interval_sec=900 forwarder_retry_queue_max_size=0 forwarder_retry_queue_payloads_max_size=15728640
.: forwarder_stop_timeout=2 forwarder_storage_max_disk_ratio=0.8 forwarder_storage_max_size_in_bytes=0 forwarder_storage_path=- forwarder_timeout=20
admission_controller: add_aks_selectors=false container_registry=gcr.io/datadoghq enabled=false failure_policy=Ignore mutate_unlabelled=false
admission_controller: namespace_selector_fallback=false pod_owners_cache_validity=10 port=8000 reinvocation_policy=IfNeeded
admission_controller: service_name=datadog-admission-controller timeout_seconds=10 webhook_name=datadog-webhook
admission_controller: validation.enabled=true mutation.enabled=true kubernetes_admission_events.enabled=false
admission_controller: probe.enabled=false probe.interval=60 probe.grace_period=60
admission_controller.agent_sidecar: cluster_agent.enabled=true container_registry=- enabled=false endpoint=/agentsidecar image_name=agent image_tag=latest
admission_controller.agent_sidecar: profiles=? provider=- selectors=? cluster_agent.tls_verification.enabled=false cluster_agent.tls_verification.copy_ca_configmap=false
admission_controller.appsec: nginx.module_mount_path=/modules_mount sidecar.image=- sidecar.image_tag=latest sidecar.port=8080 sidecar.health_port=8081
admission_controller.appsec: sidecar.body_parsing_size_limit=10000000 sidecar.resources.requests.cpu=- sidecar.resources.requests.memory=-
admission_controller.appsec: sidecar.resources.limits.cpu=- sidecar.resources.limits.memory=-
admission_controller.auto_instrumentation: asm.enabled=false asm_sca.enabled=false container_registry=- container_registry_allow_list=[] enabled=true
admission_controller.auto_instrumentation: endpoint=/injectlib iast.enabled=false init_resources.cpu=- init_resources.memory=-
admission_controller.auto_instrumentation: inject_auto_detected_libraries=false patcher.enabled=false patcher.fallback_to_file_provider=false
admission_controller.auto_instrumentation: patcher.file_provider_path=/etc/datadog-agent/patch/auto-instru.json profiling.enabled=-
admission_controller.certificate: expiration_threshold=720 secret_name=webhook-certificate validity_bound=8760
admission_controller.cws_instrumentation: command_endpoint=/inject-command-cws container_registry=- enabled=false exclude=[] include=[]
admission_controller.cws_instrumentation: image_name=cws-instrumentation image_tag=latest init_resources.cpu=- init_resources.memory=- mode=remote_copy
admission_controller.cws_instrumentation: mutate_unlabelled=true pod_endpoint=/inject-pod-cws remote_copy.mount_volume=false
admission_controller.inject_config: dogstatsd_socket=unix:///var/run/datadog/dsd.socket enabled=true endpoint=/injectconfig inject_container_name=false
admission_controller.inject_config: local_service_name=datadog mode=hostip socket_path=/var/run/datadog trace_agent_socket=unix:///var/run/datadog/apm.socket
admission_controller.inject_config: csi.enabled=false csi.driver=k8s.csi.datadoghq.com type_socket_volumes=false
admission_controller.inject_tags: enabled=true endpoint=/injecttags pod_owners_cache_validity=10
agent_ipc: config_refresh_interval=0 host=localhost port=0
agent_telemetry: enabled=false
apm_config.instrumentation: enabled=false enabled_namespaces=[] disabled_namespaces=[] injection_mode=auto injector_image_tag=0 lib_versions={} targets=? version=v2
appsec.proxy: auto_detect=true enabled=false processor.address=- processor.port=443 proxies=[]
auto_exit: noprocess.enabled=false noprocess.excluded_processes=[] validation_period=60
autoscaling: cluster.enabled=false cluster.spot.enabled=false failover.enabled=false failover.metrics=[] workload.enabled=false workload.limit=1000
autoscaling: workload.in_place_vertical_scaling.enabled=false
cloud_foundry_bbs: ca_file=- cert_file=- env_exclude=[] env_include=[] key_file=- poll_interval=15 url=https://bbs.service.cf.internal:8889
cloud_foundry_cc: apps_batch_size=5000 client_id=- client_secret=* poll_interval=60 skip_ssl_validation=false url=https://cloud-controller-ng.service.cf.internal:9024
cluster_agent: allow_legacy_tls=false auth_token=* client_reconnect_period_seconds=1200 cmd_port=5005 collect_kubernetes_tags=false enabled=false
cluster_agent: isolation_segments_tags=false kubernetes_service_name=datadog-cluster-agent max_leader_connections=100 refresh_on_cache_miss=true
cluster_agent: serve_nozzle_data=false service_account_name=- sidecars_tags=false tagging_fallback=false token_name=datadogtoken url=-
cluster_agent: cluster_tagger.grpc_max_message_size=4194304 kueue.enabled=false metadata_ring.enabled=false tracing.enabled=false
cluster_agent: server.idle_timeout_seconds=60 server.read_timeout_seconds=2 server.write_timeout_seconds=2
cluster_agent.appsec.injector: annotations={} base_backoff=5m enabled=false labels={} max_backoff=1h mode=external processor.service.name=- processor.service.namespace=-
cluster_agent.kube_metadata_collection: enabled=false resource_annotations_exclude=[] resources=[]
cluster_agent.kubernetes_resources_collection: deployment_annotations_exclude=? pod_annotations_exclude=?
cluster_agent.language_detection: cleanup.language_ttl=30m cleanup.period=10m patcher.base_backoff=5m patcher.enabled=true patcher.max_backoff=1h
cluster_checks: advanced_dispatching_enabled=false clc_runners_port=5005 cluster_tag_name=cluster_name crd_collection=false enabled=false exclude_checks=[]
cluster_checks: exclude_checks_from_dispatching=[] extra_tags=[] instance_sharding_enabled=false ksm_sharding_enabled=false node_expiration_timeout=30
cluster_checks: rebalance_min_percentage_improvement=10 rebalance_period=10m rebalance_with_utilization=false stickiness_enabled=true stickiness_factor=4
cluster_checks: stickiness_lower_limit=0.05 stickiness_upper_limit=1 support_hybrid_ignore_ad_tags=false unscheduled_check_threshold=60 warmup_duration=30
compliance_config: check_interval=20m check_max_events_per_run=100 database_benchmarks.enabled=false dir=/etc/datadog-agent/compliance.d enabled=false
compliance_config: host_benchmarks.enabled=true metrics.enabled=false opa.metrics.enabled=false run_commands_as=- run_in_system_probe=false xccdf.enabled=false
csi: enabled=false driver=k8s.csi.datadoghq.com
enable_payloads: events=true json_to_v1_intake=true series=true service_checks=true sketches=true
external_metrics: aggregator=avg
external_metrics_provider: api_key=* app_key=* batch_window=10 bucket_size=300 chunk_size=35 config={} enable_datadogmetric_autogen=true enabled=false
external_metrics_provider: endpoint=- endpoints=? local_copy_refresh_rate=30 max_age=120 max_parallel_queries=10 max_time_window=86400 num_workers=2 port=8443
external_metrics_provider: query_validity_period=30 refresh_period=30 rollup=30 split_batches_with_backoff=false use_datadogmetric_crd=false wpa_controller=false
fips: enabled=false https=true local_address=localhost port_range_start=9803 tls_verify=true
instrumentation_crd_controller: enabled=false
internal_profiling: api_key=* block_profile_rate=0 capture_all_allocations=false cpu_duration=1m custom_attributes=[check_id] delta_profiles=true
internal_profiling: enable_block_profiling=false enable_goroutine_stacktraces=false enable_mutex_profiling=false enabled=false extra_tags=[]
internal_profiling: mutex_profile_fraction=0 period=5m profile_dd_url=- unix_socket=-
kubeactions: enabled=false
language_detection: enabled=false reporting.buffer_period=10s reporting.enabled=true reporting.refresh_period=20m
multi_region_failover: api_key=* dd_url=- enabled=false failover_logs=false failover_metrics=false failover_traces=false site=-
network: id=-
orchestrator_explorer: collector_discovery.enabled=true container_scrubbing.enabled=true custom_sensitive_annotations_labels=[] custom_sensitive_words=[]
orchestrator_explorer: ecs_collection.enabled=false enabled=true extra_tags=[] max_message_bytes=10000000 max_per_message=100 orchestrator_additional_endpoints=?
orchestrator_explorer: orchestrator_dd_url=- use_legacy_endpoint=false custom_resources.max_count=5000
orchestrator_explorer.custom_resources.ootb: gateway_api=false ingress_controllers=false service_mesh=false
orchestrator_explorer.manifest_collection: buffer_flush_interval=20s buffer_manifest=true enabled=true
private_action_runner: actions_allowlist=[] api_key_only_enrollment=false enabled=false identity_file_path=- identity_secret_name=- identity_use_k8s_secret=true
private_action_runner: http_allowlist=[] http_allow_imds_endpoint=false http_timeout_seconds=30 log_file=- private_key=* self_enroll=true task_concurrency=5 task_timeout_seconds=60 urn=-
prometheus_scrape: checks=? enabled=false service_endpoints=false version=1
remote_configuration: api_key=* config_root=- director_root=- enabled=true key=* max_backoff_interval=5m no_tls=false no_tls_validation=false rc_dd_url=-
remote_configuration: refresh_interval=1m agent_integrations.enabled=false agent_integrations.allow_list=[] agent_integrations.block_list=[]
remote_configuration: agent_integrations.allow_log_config_scheduling=false apm_sampling.enabled=true clients.cache_bypass_limit=5 clients.ttl_seconds=30s
remote_tagger: max_concurrent_sync=3
telemetry: checks=? dogstatsd_origin=false enabled=false python_memory=true
use_v2_api: series=true
workloadmeta: local_process_collector.collection_interval=1m remote.recv_without_timeout=false
`;

/** Variables of a key besides the one that follows from it. */
const variables: Readonly<Record<string, readonly string[]>> = {
  'admission_controller.auto_instrumentation.asm.enabled': ['DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_APPSEC_ENABLED'],
  'admission_controller.auto_instrumentation.asm_sca.enabled': ['DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_APPSEC_SCA_ENABLED'],
  'apm_config.instrumentation.disabled_namespaces': ['DD_APM_INSTRUMENTATION_DISABLED_NAMESPACES'],
  'apm_config.instrumentation.enabled': ['DD_APM_INSTRUMENTATION_ENABLED'],
  'apm_config.instrumentation.enabled_namespaces': ['DD_APM_INSTRUMENTATION_ENABLED_NAMESPACES'],
  'apm_config.instrumentation.injection_mode': ['DD_APM_INSTRUMENTATION_INJECTION_MODE'],
  'apm_config.instrumentation.injector_image_tag': ['DD_APM_INSTRUMENTATION_INJECTOR_IMAGE_TAG'],
  'apm_config.instrumentation.lib_versions': ['DD_APM_INSTRUMENTATION_LIB_VERSIONS'],
  'apm_config.instrumentation.targets': ['DD_APM_INSTRUMENTATION_TARGETS'],
  'apm_config.instrumentation.version': ['DD_APM_INSTRUMENTATION_VERSION'],
  'orchestrator_explorer.orchestrator_additional_endpoints': ['DD_ORCHESTRATOR_ADDITIONAL_ENDPOINTS'],
  'orchestrator_explorer.orchestrator_dd_url': ['DD_ORCHESTRATOR_URL'],
};

/** Variables that begin with `DD_` and set no key: of the framework, of the image, of the pod, of tracers. */
export const variablesThatAreNoKeys: readonly string[] = (
  'FX_START_TIMEOUT_SECONDS FX_STOP_TIMEOUT_SECONDS POD_NAME INSTRUMENTATION_INSTALL_ID INSTRUMENTATION_INSTALL_TIME INSTRUMENTATION_INSTALL_TYPE ' +
  'INSIDE_CI TOOL_VERSION SERVICE VERSION INTEGRATIONS LOGS_INJECTION RUNTIME_METRICS_ENABLED GIT_COMMIT_SHA GIT_REPOSITORY_URL ' +
  'EKS_ARN_SHA256 EKS_INSTALLATION_ID VSOCK_ADDR'
)
  .split(' ')
  .map((name) => `DD_${name}`);

/** Sections of other agents that may share the file or the environment; what is in them is none of our business. */
export const foreignSections: readonly string[] = (
  'apm apm_config appsec container_image container_lifecycle data_jobs data_plane database_monitoring discovery dogstatsd dynamic_instrumentation ' +
  'ebpf_check event_monitoring_config evp_proxy_config flightrecorder gpu gpu_monitoring iast jmx kube_state_metrics_core logs_config ' +
  'network_config network_devices network_path otel otelcollector otlp_config process_agent process_config profiling remote_agent_registry ' +
  'runtime_security_config sbom security_agent serverless service_monitoring_config snmp_listener sysprobe system_probe system_probe_config trace updater vector'
).split(' ');

/** A line of the table as settings. */
function settingsOf(line: string): readonly Setting[] {
  const [section = '', keys = ''] = line.split(': ', 2);
  return keys.split(' ').map((pair) => {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    return unused(section === '.' ? name : `${section}.${name}`, pair.slice(at + 1));
  });
}

function unused(key: string, text: string): Setting {
  const options = { description: 'known to the Go agent; without effect here', env: variables[key] ?? [] };
  return { ...declare(key, text, options), isUsed: false };
}

interface Options {
  readonly description: string;
  readonly env: readonly string[];
}

function declare(key: string, text: string, options: Options): Setting {
  if (text === 'true' || text === 'false') return setting(key, { type: type.boolean, default: text === 'true', ...options });
  if (text === '*') return setting(key, { type: type.secret, default: new Secret(''), ...options });
  if (text === '?') return setting<unknown>(key, { type: type.any, default: undefined, ...options });
  if (text.startsWith('[')) return setting(key, { type: type.list, default: elementsOf(text), ...options });
  if (text.startsWith('{')) return setting(key, { type: type.map, default: entriesOf(text), ...options });
  if (/^\d+(?:\.\d+)?$/.test(text)) return setting(key, { type: type.number, default: Number(text), ...options });
  if (/^\d+(?:ms|s|m|h)$/.test(text)) return declaredDuration(key, text, options);
  return setting(key, { type: type.text, default: text === '-' ? '' : text, ...options });
}

function declaredDuration(key: string, text: string, options: Options): Setting {
  const zero = setting(key, { type: type.duration, default: 0, ...options });
  return { ...zero, default: parse(zero, text) };
}

function elementsOf(text: string): string[] {
  return text
    .slice(1, -1)
    .split(',')
    .filter((each) => each !== '');
}

function entriesOf(text: string): Record<string, string> {
  return Object.fromEntries(elementsOf(text).map((each) => each.split(':')));
}

/** Keys that the Go agent, its Helm chart and its operator know, and that nothing here reads. */
export function unusedSettings(): readonly Setting[] {
  return known.trim().split('\n').flatMap(settingsOf);
}
