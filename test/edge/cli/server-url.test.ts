import { expect, test } from 'bun:test'
import { serverUrl } from '../../../src/edge/cli/server-url.ts'

const url = (env: Readonly<Record<string, string>>, flag?: string) =>
	serverUrl({ env, flags: new Map(flag === undefined ? [] : [['url', [flag]]]) })

test('--url, MSE_URL, MSE_HTTP and this machine, in this order', () => {
	expect(url({ MSE_URL: 'http://env:1', MSE_HTTP: 'http://old:1' }, 'https://flag:1/')).toBe('https://flag:1')
	expect(url({ MSE_URL: 'http://env:1/', MSE_HTTP: 'http://old:1' })).toBe('http://env:1')
	expect(url({ MSE_HTTP: 'http://old:1' })).toBe('http://old:1')
	expect(url({})).toBe('http://127.0.0.1:7777')
})

test('a server that binds all addresses is reached through loopback', () => {
	expect(url({ MSE_BIND: '0.0.0.0:8000' })).toBe('http://127.0.0.1:8000')
	expect(url({ MSE_BIND: '[::]:8000' })).toBe('http://[::1]:8000')
	expect(url({ MSE_BIND: '10.0.0.1:8000' })).toBe('http://10.0.0.1:8000')
})

test('what is no http URL is a usage error that names it', () => {
	expect(() => url({}, '127.0.0.1:7777')).toThrow('"127.0.0.1:7777" is not the URL of a server.')
})
