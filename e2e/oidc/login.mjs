// Logs a person in at the provider of provider.mjs and prints the ID token: the authorization code flow with
// PKCE, as a browser and a client would go through it.
//
//   CLIENT_SECRET=… node login.mjs ISSUER PERSON

import { createHash, randomBytes } from 'node:crypto';

const CLIENT = 'postern';
const REDIRECT = 'http://127.0.0.1/callback';
const MOST_REDIRECTS = 10;
// How long the provider may take over one answer, its body included.
const PATIENCE_MS = 20_000;

const [issuer, person] = process.argv.slice(2);
const secret = process.env.CLIENT_SECRET;
if (!issuer || !person || !secret) {
  console.error('usage: CLIENT_SECRET=… node login.mjs ISSUER PERSON');
  process.exit(2);
}

// An answer with its body, read to the end: one that is not read keeps its connection, and so this program.
async function ask(url, options = {}) {
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw new Error(`${new URL(url).pathname}: ${error.message}`, { cause: error });
  }
}

async function discover() {
  return JSON.parse((await ask(`${issuer}/.well-known/openid-configuration`)).text);
}

// Follows redirects with cookies until the provider sends the browser back to the client.
async function browse(start) {
  const cookies = new Map();
  let url = start;
  for (let hop = 0; hop < MOST_REDIRECTS; hop += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await ask(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const equals = pair.indexOf('=');
      cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`no redirect from ${url}: ${response.status} ${response.text}`);
    url = new URL(location, url);
    if (url.href.startsWith(REDIRECT)) return url.searchParams;
  }
  throw new Error('too many redirects');
}

const endpoints = await discover();
const verifier = randomBytes(32).toString('base64url');
const state = randomBytes(16).toString('base64url');

const start = new URL(endpoints.authorization_endpoint);
start.search = new URLSearchParams({
  client_id: CLIENT,
  response_type: 'code',
  redirect_uri: REDIRECT,
  scope: 'openid email groups',
  state,
  login_hint: person,
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
});
const answer = await browse(start);
if (answer.get('state') !== state) throw new Error('the answer belongs to another request');
if (!answer.has('code')) throw new Error(`refused: ${answer.get('error_description') ?? answer.get('error')}`);

const response = await ask(endpoints.token_endpoint, {
  method: 'POST',
  headers: { authorization: `Basic ${Buffer.from(`${CLIENT}:${secret}`).toString('base64')}` },
  body: new URLSearchParams({
    grant_type: 'authorization_code',
    code: answer.get('code'),
    redirect_uri: REDIRECT,
    code_verifier: verifier,
  }),
});
const tokens = JSON.parse(response.text);
if (!tokens.id_token) throw new Error(`no ID token: ${JSON.stringify(tokens)}`);
console.log(tokens.id_token);
