// main's first import: what libraries read from the environment when they are loaded or used.

// Elysia echoes rejected input in any mode but this.
Bun.env.NODE_ENV ??= 'production'

// Bun's fetch would send even a call to this machine through a proxy.
const direct = [Bun.env.no_proxy ?? Bun.env.NO_PROXY, '127.0.0.1', 'localhost', '::1'].filter(Boolean).join(',')
Bun.env.no_proxy = direct
Bun.env.NO_PROXY = direct
