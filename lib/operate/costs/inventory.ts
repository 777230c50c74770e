/** What of an installation costs money by its mere existence. */
export interface Inventory {
  readonly natGateways: number;
  readonly publicAddresses: number;
  readonly sftpEndpoints: number;
  readonly keys: number;
  /** Of the stack itself; each connected warehouse adds one more. */
  readonly secrets: number;
  /** An alarm on an expression counts once for each metric in it. */
  readonly alarmMetrics: number;
  readonly dashboards: number;
  readonly interfaceEndpoints: number;
}

/** As much of a CloudFormation template as matters here. */
export interface Template {
  readonly Resources?: Readonly<Record<string, Resource>>;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** Counts in synthesised templates, so that the answer is about what would be deployed and not about what was meant. */
export function inventoryOf(templates: readonly Template[]): Inventory {
  const resources = templates.flatMap((template) => Object.values(template.Resources ?? {}));
  const count = (type: string) => resources.filter((resource) => resource.Type === type).length;
  return {
    natGateways: count("AWS::EC2::NatGateway"),
    // A gateway has an address, and pays for it, also where the operator brought it along.
    publicAddresses: Math.max(count("AWS::EC2::EIP"), count("AWS::EC2::NatGateway")),
    sftpEndpoints: count("AWS::Transfer::Server"),
    keys: count("AWS::KMS::Key"),
    secrets: count("AWS::SecretsManager::Secret"),
    alarmMetrics: resources.reduce((sum, resource) => sum + alarmMetricsOf(resource), 0),
    dashboards: count("AWS::CloudWatch::Dashboard"),
    interfaceEndpoints: resources.filter(isInterfaceEndpoint).length,
  };
}

/** "Alarm metrics" are what is billed: https://aws.amazon.com/cloudwatch/pricing/ */
function alarmMetricsOf({ Type, Properties }: Resource): number {
  if (Type !== "AWS::CloudWatch::Alarm") return 0;
  const metrics = Properties?.["Metrics"];
  if (!Array.isArray(metrics)) return 1;
  const isMetric = (entry: unknown) => typeof entry === "object" && entry !== null && "MetricStat" in entry;
  return Math.max(1, metrics.filter(isMetric).length);
}

function isInterfaceEndpoint({ Type, Properties }: Resource): boolean {
  return Type === "AWS::EC2::VPCEndpoint" && Properties?.["VpcEndpointType"] === "Interface";
}
