import { Duration, RemovalPolicy, Size, Stack } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as acm from "aws-cdk-lib/aws-certificatemanager";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as logs from "aws-cdk-lib/aws-logs";
import * as route53 from "aws-cdk-lib/aws-route53";
import { ApiGatewayDomain } from "aws-cdk-lib/aws-route53-targets";
import { Construct } from "constructs";
import type { Route } from "../../http/route.ts";
import { routes } from "../../http/routes.ts";
import type { Config } from "../config.ts";
import { acknowledge } from "./acknowledge.ts";
import { bodyModel, requestParameters } from "./body-model.ts";
import type { FunctionSet } from "./functions.ts";
import { addGatewayResponses } from "./gateway-responses.ts";
import { serviceLog } from "./log-group.ts";
import type { Stored } from "./storage.ts";

const stageName = "v1";

/** Calls per second, and how many may come at once; of the whole API, and of routes that start something costly. */
const throttle = { perSecond: 100, burst: 200 } as const;
const costlyThrottle = { perSecond: 5, burst: 10 } as const;
const costlyRoutes: readonly string[] = [
  "POST /connections",
  "PUT /connections/{connectionId}/credentials",
  "POST /connections/{connectionId}/retry",
  "POST /connections/{connectionId}/enable",
  "POST /syncs/{syncId}/retry",
  "POST /syncs/{syncId}/re-enable",
  "POST /tick",
];

interface ApiProps {
  readonly config: Config;
  readonly stored: Pick<Stored, "key">;
  readonly functions: FunctionSet;
}

/** The route table as a REST API: one function answers, another finds out whose token it is, and what fits no schema wakes neither. */
export class Api extends Construct {
  readonly restApi: apigateway.RestApi;
  /** Where clients call, without a slash at the end. */
  readonly address: string;

  constructor(scope: Construct, id: string, { config, stored, functions }: ApiProps) {
    super(scope, id);
    const log = serviceLog(this, "Log", { config, key: stored.key, service: "api" });
    this.restApi = this.makeApi(config, log);
    addGatewayResponses(this.restApi);
    const authorizer = new apigateway.TokenAuthorizer(this, "Authorizer", {
      authorizerName: `${config.name}-token`,
      handler: functions.get("authorize-call"),
      validationRegex: "^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_.~+/=-]{1,1024}$",
      // A revoked token must be void at once.
      resultsCacheTtl: Duration.seconds(0),
    });
    this.addRoutes(functions, authorizer);
    this.address = config.apiDomain === null ? this.restApi.url.replace(/\/$/, "") : this.addDomain(config.apiDomain);
    acknowledgeStage(this.restApi);
    acknowledge(
      this.restApi,
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
      "The role is the account's, for the logs of every API in the region; AWS keeps this policy for it.",
    );
  }

  private makeApi(config: Config, log: logs.ILogGroup): apigateway.RestApi {
    return new apigateway.RestApi(this, "Rest", {
      restApiName: config.name,
      description: "Accounts, connections, syncs and imports",
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      disableExecuteApiEndpoint: config.apiDomain !== null,
      minCompressionSize: Size.kibibytes(1),
      // Stages refuse an access log while the account has no such role; one role serves all APIs of a region.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName,
        tracingEnabled: true,
        // Those of the stage come without it; those of each method would be some 200 metrics at $0.30 a month.
        metricsEnabled: false,
        // Of what is sent, no log may hold a word: tokens and credentials travel here.
        loggingLevel: apigateway.MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
        throttlingRateLimit: throttle.perSecond,
        throttlingBurstLimit: throttle.burst,
        methodOptions: costlyMethods(),
        accessLogDestination: new apigateway.LogGroupLogDestination(log),
        accessLogFormat: apigateway.AccessLogFormat.custom(JSON.stringify(accessLog)),
      },
    });
  }

  private addRoutes(functions: FunctionSet, authorizer: apigateway.IAuthorizer): void {
    const answerCall = functions.get("answer-call");
    const integration = new apigateway.Integration({
      type: apigateway.IntegrationType.AWS_PROXY,
      integrationHttpMethod: "POST",
      uri: Stack.of(this).formatArn({
        service: "apigateway",
        account: "lambda",
        resource: "path/2015-03-31/functions",
        resourceName: `${answerCall.functionArn}/invocations`,
      }),
    });
    // One for all routes: a function's policy has room for some 80.
    answerCall.addPermission("Api", {
      principal: new iam.ServicePrincipal("apigateway.amazonaws.com"),
      sourceArn: this.restApi.arnForExecuteApi("*", "/*", stageName),
    });
    const validators = {
      params: this.restApi.addRequestValidator("Params", { validateRequestParameters: true }),
      all: this.restApi.addRequestValidator("All", { validateRequestParameters: true, validateRequestBody: true }),
    };
    for (const [name, route] of Object.entries(routes) as [string, Route][]) {
      const [verb = "", path = ""] = name.split(" ");
      const method = this.restApi.root.resourceForPath(path).addMethod(verb, integration, {
        ...(route.scope === "public"
          ? { authorizationType: apigateway.AuthorizationType.NONE }
          : { authorizer, authorizationType: apigateway.AuthorizationType.CUSTOM }),
        requestParameters: requestParameters(route.params, route.query),
        requestValidator: route.body === null ? validators.params : validators.all,
        ...(route.body === null ? {} : { requestModels: { "application/json": this.model(name, route.body) } }),
      });
      acknowledgeMethod(method, route);
    }
  }

  private model(route: string, body: NonNullable<Route["body"]>): apigateway.Model {
    const id = route
      .split(/[^A-Za-z]+/)
      .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
      .join("");
    return this.restApi.addModel(id, {
      contentType: "application/json",
      description: `Body of ${route}`,
      schema: bodyModel(body),
    });
  }

  /** Answers the address under the operator's own name. */
  private addDomain(domain: NonNullable<Config["apiDomain"]>): string {
    const own = this.restApi.addDomainName("Domain", {
      domainName: domain.name,
      certificate: acm.Certificate.fromCertificateArn(this, "Certificate", domain.certificateArn),
      endpointType: apigateway.EndpointType.REGIONAL,
      securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
    });
    if (domain.hostedZone !== null)
      new route53.ARecord(this, "Record", {
        recordName: `${domain.name}.`,
        zone: route53.HostedZone.fromHostedZoneAttributes(this, "Zone", {
          hostedZoneId: domain.hostedZone.id,
          zoneName: domain.hostedZone.name,
        }),
        target: route53.RecordTarget.fromAlias(new ApiGatewayDomain(own)),
      });
    return `https://${domain.name}`;
  }
}

/** A line per call: who, what, how long, how it ended; never a header or a body. */
const accessLog = {
  requestId: "$context.requestId",
  time: "$context.requestTime",
  sourceIp: "$context.identity.sourceIp",
  userAgent: "$context.identity.userAgent",
  tokenId: "$context.authorizer.principalId",
  method: "$context.httpMethod",
  path: "$context.path",
  status: "$context.status",
  responseBytes: "$context.responseLength",
  elapsedMs: "$context.responseLatency",
  answeredMs: "$context.integration.latency",
  error: "$context.error.message",
} as const;

function costlyMethods(): Record<string, apigateway.MethodDeploymentOptions> {
  return Object.fromEntries(
    costlyRoutes.map((name) => {
      const [verb = "", path = ""] = name.split(" ");
      return [
        `${path}/${verb}`,
        { throttlingRateLimit: costlyThrottle.perSecond, throttlingBurstLimit: costlyThrottle.burst },
      ];
    }),
  );
}

function acknowledgeMethod(method: apigateway.Method, route: Route): void {
  if (route.scope === "public")
    acknowledge(method, "AwsSolutions-APIG4", "Says that the system runs, to anybody; it tells nothing else.");
  acknowledge(
    method,
    "AwsSolutions-COG4",
    route.scope === "public" ? "Open to anybody." : "Our own tokens, hashed in the table; there is no Cognito pool.",
  );
}

function acknowledgeStage(api: apigateway.RestApi): void {
  const { deploymentStage: stage } = api;
  acknowledge(
    stage,
    "AwsSolutions-APIG3",
    "A web ACL costs $5 a month and more; an operator who wants one puts it on.",
  );
  acknowledge(stage, "AwsSolutions-APIG6", "Execution logs hold headers and bodies; the access log has each call.");
}
