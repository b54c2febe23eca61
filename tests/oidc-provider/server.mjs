// Starts oidc-provider on a free port of 127.0.0.1 and prints the port.
//
// Arguments: the folder it is installed in, and the clients as JSON. It ends when its stdin does.

import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, clients] = process.argv.slice(2);
const library = join(folder, "node_modules", "oidc-provider", "lib", "index.js");
const { default: Provider } = await import(pathToFileURL(library).href);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: JSON.parse(clients).map((client) => ({
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      ...client,
    })),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: "read write",
          audience: resource,
          accessTokenFormat: "opaque",
        }),
      },
    },
    scopes: ["read", "write", "admin"],
    ttl: { ClientCredentials: 600 },
  });
  server.on("request", provider.callback());
  console.log(`port ${port}`);
});

process.stdin.on("end", () => process.exit()).resume();
