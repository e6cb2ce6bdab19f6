import stylePath from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }
import scriptPath from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mse-server: the HTTP API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/swagger/ui.css">
</head>
<body>
<div id="page"></div>
<script src="/swagger/ui.js"></script>
<script src="/swagger/start.js"></script>
</body>
</html>
`

/** Asks for the admin token where the document is guarded by one; it is kept in the page and nowhere else. */
const START = `async function readDocument() {
	for (let token = null; ; token = prompt('This server wants its admin token.')) {
		const headers = token === null ? {} : { authorization: 'Bearer ' + token.trim() }
		const answer = await fetch('/swagger/json', { headers })
		if (answer.status !== 401) return { spec: await answer.json(), token }
		if (token === null) continue
		if (!confirm('That is not the token. Try again?')) throw new Error('no admin token')
	}
}

readDocument().then(({ spec, token }) => {
	const ui = SwaggerUIBundle({
		spec,
		dom_id: '#page',
		deepLinking: true,
		docExpansion: 'list',
		tryItOutEnabled: false,
		validatorUrl: null,
		onComplete: () => {
			if (token !== null) ui.preauthorizeApiKey('admin', token.trim())
		},
	})
})
`

/** Nothing is loaded from elsewhere, and no other page may frame this one. */
const POLICY = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self' 'unsafe-inline'",
	"img-src 'self' data:",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join('; ')

/** The page at `/swagger` and what it loads, by path; all of it lies in the binary. */
export const pageFiles: { readonly [path: string]: () => Response } = {
	'/swagger': () => answer(PAGE, 'text/html; charset=utf-8'),
	'/swagger/': () => answer(PAGE, 'text/html; charset=utf-8'),
	'/swagger/start.js': () => answer(START, 'text/javascript; charset=utf-8'),
	'/swagger/ui.js': () => answer(Bun.file(scriptPath), 'text/javascript; charset=utf-8'),
	'/swagger/ui.css': () => answer(Bun.file(stylePath), 'text/css; charset=utf-8'),
}

function answer(body: string | Blob, type: string): Response {
	const headers = {
		'content-type': type,
		'content-security-policy': POLICY,
		'x-content-type-options': 'nosniff',
		'cache-control': 'no-cache',
	}
	return new Response(body, { headers })
}
