import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { type Authenticate, answerCall, bodyBytesMax, failed, type HttpAnswer } from "../http/answer.ts";
import type { CallContext, Route } from "../http/route.ts";
import { SyncError } from "../model/errors.ts";

export interface HttpServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** By `METHOD /path/{param}`. */
  readonly routes: Readonly<Record<string, Route>>;
  readonly authenticate: Authenticate;
  readonly context: Omit<CallContext, "signal">;
}

export interface HttpServer {
  readonly port: number;
  /** Takes no more connections, lets running calls end for at most `graceMs`, then aborts them. */
  close(graceMs: number): Promise<void>;
}

/** Serves the route table on this machine. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const stop = new AbortController();
  const app = appOf(options, stop.signal);
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 16_384 },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async (graceMs) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        stop.abort(new SyncError("ABORTED"));
        server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function appOf(options: HttpServerOptions, stop: AbortSignal): Hono {
  const app = new Hono({ strict: true });
  const methods = new Map<string, string[]>();
  for (const [name, route] of Object.entries(options.routes)) {
    const [method = "", path = ""] = name.split(" ");
    const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
    methods.set(pattern, [...(methods.get(pattern) ?? []), method]);
    app.on(method, pattern, (c) => logged(options, c, () => answerOf(options, route, c, stop)));
  }
  const { deps } = options.context;
  for (const [pattern, allowed] of methods) {
    app.all(pattern, (c) =>
      logged(options, c, async () => {
        const answer = failed(deps, new SyncError("METHOD_NOT_ALLOWED"), c.req.path);
        return { ...answer, headers: { ...answer.headers, allow: allowed.join(", ") } };
      }),
    );
  }
  app.notFound((c) => logged(options, c, async () => failed(deps, new SyncError("NOT_FOUND"), c.req.path)));
  return app;
}

async function answerOf(options: HttpServerOptions, route: Route, c: Context, stop: AbortSignal): Promise<HttpAnswer> {
  const signal = AbortSignal.any([c.req.raw.signal, stop]);
  return answerCall({ ...options.context, signal }, options.authenticate, route, {
    path: c.req.path,
    params: c.req.param(),
    query: c.req.query(),
    authorization: c.req.header("authorization"),
    contentType: c.req.header("content-type"),
    body: () => boundedBody(c.req.raw),
  });
}

async function boundedBody(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) throw new SyncError("BODY_TOO_LARGE");
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new SyncError("BODY_TOO_LARGE");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** One line per call: who, what, how it ended. Never a query value or a body. */
async function logged(options: HttpServerOptions, c: Context, run: () => Promise<HttpAnswer>): Promise<Response> {
  const { deps } = options.context;
  const startedAt = deps.clock.now();
  const answer = await run();
  deps.log("http", {
    method: c.req.method,
    path: c.req.path,
    status: answer.status,
    elapsedMs: deps.clock.now() - startedAt,
    tokenId: answer.principal?.tokenId ?? null,
  });
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
}
