// Before every end-to-end test file: each fetch has a connection of its own. Servers and doors of these tests are restarted
// and reloaded; a connection that waits is closed then, and fetch, unlike registry clients, doesn't try again.
const plainFetch = globalThis.fetch;

globalThis.fetch = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("connection", "close");
  return plainFetch(input, { ...init, headers });
};
