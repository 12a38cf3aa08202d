// A real OpenID provider on loopback, for tests: the npm package `oidc-provider` with three identities.
//
//   deploy-bot   a workload; client_credentials gives it a signed access token (RFC 9068) for audience `postern`
//   alice, carol people; the authorization code flow gives the client `postern` their ID tokens
//
// Real are discovery, keys, signatures, flows and token formats. What is not: the login page believes
// `login_hint` and asks for no password.
//
// The first line on standard output is JSON: { issuer, clients: { name: { secret, redirect } } }.
// The provider ends when standard input does, so it never outlives the test that started it.

import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const AUDIENCE = 'postern';
const RESOURCE = 'urn:postern:gateway';
const TOKEN_SECONDS = 600;

const PEOPLE = {
  alice: { email: 'alice@example.com', groups: ['developers'] },
  carol: { email: 'carol@example.com', groups: ['dba'] },
};
const WORKLOADS = {
  'deploy-bot': { repository: 'acme/shop', ref: 'refs/heads/main', groups: ['ci', 'deployers'] },
};

const secret = () => randomBytes(24).toString('base64url');

const clients = {
  'deploy-bot': { secret: secret() },
  postern: { secret: secret(), redirect: 'http://127.0.0.1/callback' },
};

function signingKeys() {
  const kinds = [
    ['RS256', 'rsa', { modulusLength: 2048 }],
    ['ES256', 'ec', { namedCurve: 'P-256' }],
    ['EdDSA', 'ed25519', {}],
  ];
  return kinds.map(([alg, kind, options]) => {
    const { privateKey } = generateKeyPairSync(kind, options);
    return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID() };
  });
}

// TOKEN_ALG chooses how tokens are signed: RS256 (default), ES256 or EdDSA
const alg = process.env.TOKEN_ALG ?? 'RS256';

const configuration = {
  jwks: { keys: signingKeys() },
  cookies: { keys: [secret()] },
  clients: [
    {
      client_id: 'deploy-bot',
      client_secret: clients['deploy-bot'].secret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
    {
      client_id: 'postern',
      client_secret: clients.postern.secret,
      application_type: 'native',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [clients.postern.redirect],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: alg,
    },
  ],
  claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
  // the ID token carries the claims of its scopes, as GitHub's, GitLab's and most company providers' do
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  ttl: {
    AccessToken: TOKEN_SECONDS,
    AuthorizationCode: 60,
    ClientCredentials: TOKEN_SECONDS,
    Grant: TOKEN_SECONDS,
    IdToken: TOKEN_SECONDS,
    Interaction: TOKEN_SECONDS,
    Session: TOKEN_SECONDS,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_request, client) => (client.clientId in WORKLOADS ? RESOURCE : undefined),
      getResourceServerInfo: () => ({
        scope: 'session',
        audience: AUDIENCE,
        accessTokenTTL: TOKEN_SECONDS,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg } },
      }),
    },
  },
  extraTokenClaims: (_request, token) => WORKLOADS[token.clientId],
  findAccount: (_request, id) =>
    PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) },
  interactions: { url: (_request, interaction) => `/login/${interaction.uid}` },
};

// Stands in for the login and consent pages: the person named by `login_hint` says yes to all that is asked.
async function logIn(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const person = Object.hasOwn(PEOPLE, params.login_hint ?? '') ? params.login_hint : undefined;
    const outcome = person
      ? { login: { accountId: person } }
      : { error: 'access_denied', error_description: 'login_hint names nobody' };
    return provider.interactionFinished(request, response, outcome, { mergeWithLastSubmission: false });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const outcome = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, outcome, { mergeWithLastSubmission: true });
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on('server_error', (_request, error) => console.error(error));
  const serve = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/login/')) {
      serve(request, response);
      return;
    }
    logIn(provider, request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  process.stdout.write(`${JSON.stringify({ issuer, clients })}\n`);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
