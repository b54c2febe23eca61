// Starts oidc-provider on two free ports of 127.0.0.1, with TLS that asks for a client certificate on the second, and
// prints them.
//
// Arguments: the folder it is installed in, and as JSON the clients and what TLS takes. A client may have, instead of
// `jwks`, a `key` or a `certificate` in PEM. It ends when its stdin does.

import { X509Certificate, createPublicKey } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, settings] = process.argv.slice(2);
const { clients, tls } = JSON.parse(settings);
const library = join(folder, "node_modules", "oidc-provider", "lib", "index.js");
const { default: Provider } = await import(pathToFileURL(library).href);

const listen = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
const plain = createServer();
const secure = createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false });
const [port, securePort] = [await listen(plain), await listen(secure)];

function jwks({ key, certificate, ...client }) {
  if (key) client.jwks = { keys: [createPublicKey(key).export({ format: "jwk" })] };
  if (certificate) {
    const { publicKey, raw } = new X509Certificate(certificate);
    client.jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), x5c: [raw.toString("base64")] }] };
  }
  return client;
}

// None is there where the connection has no TLS, or the client sent none.
const certificate = (context) => context.socket.getPeerX509Certificate?.();

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: clients.map((client) => ({
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    ...jwks(client),
  })),
  clientAuthMethods: [
    "client_secret_basic",
    "client_secret_jwt",
    "client_secret_post",
    "none",
    "private_key_jwt",
    "self_signed_tls_client_auth",
    "tls_client_auth",
  ],
  discovery: {
    mtls_endpoint_aliases: { token_endpoint: `https://127.0.0.1:${securePort}/token` },
  },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    // Whatever name and password are typed in will do.
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      tlsClientAuth: true,
      getCertificate: certificate,
      certificateAuthorized: (context) => context.socket.authorized,
      certificateSubjectMatches: (context, property, expected) =>
        property === "tls_client_auth_subject_dn" && certificate(context).subject === expected,
    },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: "read write",
        audience: resource,
        accessTokenFormat: resource.endsWith("/jwt") ? "jwt" : "opaque",
      }),
    },
    revocation: { enabled: true },
  },
  issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: (context) => context.oidc.client.clientId !== "fixed",
  scopes: ["read", "write", "admin"],
  ttl: { ClientCredentials: 600 },
});
// Else a device must wait for 5 s.
provider.use(async (context, next) => {
  await next();
  if (context.body?.device_code) context.body.interval = 1;
});
plain.on("request", provider.callback());
secure.on("request", provider.callback());
console.log(`ports ${port} ${securePort}`);

process.stdin.on("end", () => process.exit()).resume();
