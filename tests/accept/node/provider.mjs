// An OAuth2 and OpenID provider as others made it. Arguments: port, client id, client secret, seconds that an access token lives.
// Any address that ends in the callback's path may be come back to: the router's port is another one in each test.
import Provider from "oidc-provider";

const [port, clientId, clientSecret, seconds] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const callback = "/api/v3/toolkits/auth/callback";

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [`http://127.0.0.1${callback}`],
    },
  ],
  claims: { openid: ["sub"], email: ["email"] },
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: true }, revocation: { enabled: true }, introspection: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@provider.example` }) }),
  issueRefreshToken: () => true,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  scopes: ["openid", "email", "offline_access"],
  ttl: { AccessToken: Number(seconds), RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 600, AuthorizationCode: 60 },
});
provider.Client.prototype.redirectUriAllowed = (uri) => uri.startsWith("http://127.0.0.1:") && uri.endsWith(callback);
provider.on("grant.success", (context) => console.log(`grant ${context.oidc.params.grant_type}`));
provider.on("server_error", (_, error) => console.error(error));
provider.listen(Number(port), "127.0.0.1", () => console.log(`ready at ${issuer}`));
