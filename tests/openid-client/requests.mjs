// Makes openid-client send token requests to a server of this script's own, and prints what was sent: as JSON, one
// line each.
//
// Arguments: the folder it is installed in, and as JSON the issuer and what to ask as whom.

import { createPrivateKey } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, settings] = process.argv.slice(2);
const require = createRequire(resolve(folder, "node_modules", "openid-client", "package.json"));
const { Issuer, custom } = require("openid-client");

const server = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  console.log(JSON.stringify({ authorization: request.headers.authorization ?? null, body }));
  response.setHeader("content-type", "application/json").end('{"access_token":"t","token_type":"bearer"}');
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

const { issuer, clients } = JSON.parse(settings);
const token_endpoint = `http://127.0.0.1:${server.address().port}/token`;
const { Client } = new Issuer({ issuer, token_endpoint });
for (const { id, secret, method, algorithm, key, grant } of clients) {
  const metadata = {
    client_id: id,
    client_secret: secret ?? undefined,
    token_endpoint_auth_method: method,
    token_endpoint_auth_signing_alg: algorithm ?? undefined,
  };
  const jwks = key ? { keys: [createPrivateKey(key).export({ format: "jwk" })] } : undefined;
  const client = new Client(metadata, jwks);
  // It asks for a certificate where that is the proof; over plain HTTP none is used.
  client[custom.http_options] = (_url, options) => ({ ...options, cert: "none", key: "none" });
  await client.grant(grant);
}
process.exit();
