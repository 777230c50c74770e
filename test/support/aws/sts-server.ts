import { type LoopbackServer, serveLoopback, textOf } from "./loopback.ts";

/** A session as it was asked for. */
interface AssumedRole {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly seconds: number;
  readonly tags: Readonly<Record<string, string>>;
  /** What leaves less of the role. */
  readonly policy: string | undefined;
  readonly externalId: string | null;
}

export interface StsServer extends LoopbackServer {
  /** In the order they were asked for; the n-th (from 0) has the key `ASIA<n>`. */
  readonly assumed: AssumedRole[];
}

/** STS's AssumeRole on the loopback (query protocol). `now` in milliseconds decides when a session ends. */
export async function startStsServer(
  now: () => number = Date.now,
  mayAssume: (asked: AssumedRole) => boolean = () => true,
): Promise<StsServer> {
  const assumed: AssumedRole[] = [];
  const server = await serveLoopback(async (request, response) => {
    const form = new URLSearchParams(await textOf(request));
    if (form.get("Action") !== "AssumeRole") {
      response.writeHead(400).end(errorXml("InvalidAction"));
      return;
    }
    const seconds = Number(form.get("DurationSeconds") ?? 3_600);
    const session = {
      roleArn: form.get("RoleArn") ?? "",
      sessionName: form.get("RoleSessionName") ?? "",
      seconds,
      tags: tagsOf(form),
      policy: form.get("Policy") ?? undefined,
      externalId: form.get("ExternalId"),
    } as const;
    if (!mayAssume(session)) {
      response.writeHead(403).end(errorXml("AccessDenied"));
      return;
    }
    const index = assumed.push(session);
    response.writeHead(200, { "content-type": "text/xml" }).end(sessionXml(index - 1, now() + seconds * 1_000));
  });
  return { ...server, assumed };
}

function tagsOf(form: URLSearchParams): Record<string, string> {
  const tags: Record<string, string> = {};
  for (let number = 1; form.has(`Tags.member.${number}.Key`); number += 1) {
    tags[form.get(`Tags.member.${number}.Key`) ?? ""] = form.get(`Tags.member.${number}.Value`) ?? "";
  }
  return tags;
}

function sessionXml(index: number, endsAtMs: number): string {
  const credentials = [
    `<AccessKeyId>ASIA${index}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>`,
    `<SessionToken>token-${index}</SessionToken><Expiration>${new Date(endsAtMs).toISOString()}</Expiration>`,
  ].join("");
  const user =
    "<AssumedRoleUser><AssumedRoleId>a:b</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/w/b</Arn></AssumedRoleUser>";
  const result = `<AssumeRoleResult>${user}<Credentials>${credentials}</Credentials></AssumeRoleResult>`;
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</AssumeRoleResponse>`;
}

function errorXml(code: string): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${code}</Message></Error></ErrorResponse>`;
}
