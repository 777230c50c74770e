import { type Price, price, s3Prices } from "../../model/price.ts";

const pages = {
  apiGateway: "https://aws.amazon.com/api-gateway/pricing/",
  cloudTrail: "https://aws.amazon.com/cloudtrail/pricing/",
  cloudWatch: "https://aws.amazon.com/cloudwatch/pricing/",
  dynamodb: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
  ec2: "https://aws.amazon.com/ec2/pricing/on-demand/",
  eventBridge: "https://aws.amazon.com/eventbridge/pricing/",
  kms: "https://aws.amazon.com/kms/pricing/",
  lambda: "https://aws.amazon.com/lambda/pricing/",
  s3: "https://aws.amazon.com/s3/pricing/",
  secrets: "https://aws.amazon.com/secrets-manager/pricing/",
  sqs: "https://aws.amazon.com/sqs/pricing/",
  stepFunctions: "https://aws.amazon.com/step-functions/pricing/",
  transfer: "https://aws.amazon.com/aws-transfer-family/pricing/",
  vpc: "https://aws.amazon.com/vpc/pricing/",
} as const;

/** Every price that the cost model uses. */
export const prices = {
  natHour: price(0.045, "hour of a NAT gateway", pages.vpc, "second hand"),
  natGb: price(0.045, "GB through a NAT gateway", pages.vpc, "second hand"),
  publicAddressHour: price(0.005, "hour of a public IPv4 address", pages.vpc, "second hand"),
  internetOutGb: price(0.09, "GB out to the internet (the first 100 GB a month are free)", pages.ec2, "unverified"),
  sftpHour: price(0.3, "hour of an SFTP endpoint, stopped or not", pages.transfer, "second hand"),
  sftpGb: price(0.04, "GB over SFTP", pages.transfer, "unverified"),
  keyMonth: price(1, "KMS key and month", pages.kms, "page"),
  secretMonth: price(0.4, "secret and month", pages.secrets, "second hand"),
  secretCall: price(0.05 / 10_000, "call of Secrets Manager", pages.secrets, "second hand"),
  alarmMetricMonth: price(0.1, "metric that an alarm watches, and month", pages.cloudWatch, "second hand"),
  metricMonth: price(0.3, "custom metric and month", pages.cloudWatch, "second hand"),
  dashboardMonth: price(3, "dashboard and month", pages.cloudWatch, "second hand"),
  logGb: price(0.5, "GB of logs taken in", pages.cloudWatch, "second hand"),
  dataEvent: price(0.1 / 100_000, "data event of CloudTrail", pages.cloudTrail, "unverified"),
  lambdaArmGbSecond: price(0.0000133334, "GB-second of Lambda, arm64", pages.lambda, "second hand"),
  lambdaX86GbSecond: price(0.0000166667, "GB-second of Lambda, x86_64", pages.lambda, "second hand"),
  scratchGbSecond: price(0.0000000309, "GB-second of /tmp beyond 0.5 GB", pages.lambda, "unverified"),
  lambdaRequest: price(0.2 / 1e6, "invocation of Lambda", pages.lambda, "second hand"),
  transition: price(0.025 / 1_000, "state transition, retries included", pages.stepFunctions, "second hand"),
  s3Put: s3Prices.put,
  s3Get: price(0.0004 / 1_000, "GET or HEAD of S3", pages.s3, "unverified"),
  s3GbMonth: s3Prices.gbMonth,
  tableWrite: price(0.625 / 1e6, "write unit (1 KB) of DynamoDB on demand", pages.dynamodb, "second hand"),
  tableRead: price(0.125 / 1e6, "read unit (4 KB) of DynamoDB on demand", pages.dynamodb, "second hand"),
  apiCall: price(3.5 / 1e6, "call of a REST API", pages.apiGateway, "unverified"),
  objectEvent: price(1 / 1e6, "S3 event through EventBridge", pages.eventBridge, "unverified"),
  queueCall: price(0.4 / 1e6, "call of SQS", pages.sqs, "unverified"),
} as const satisfies Readonly<Record<string, Price>>;

/** Hours of a month, as AWS counts them in its own examples. */
export const monthHours = 730;
