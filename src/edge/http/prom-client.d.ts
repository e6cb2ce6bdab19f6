// The parts of prom-client by themselves: its whole brings metrics of processes and clusters, and ten megabytes, that nobody asks for.
declare module 'prom-client/lib/counter' {
	// biome-ignore lint/style/noDefaultExport: it is what the package exports
	export { Counter as default } from 'prom-client'
}
declare module 'prom-client/lib/gauge' {
	// biome-ignore lint/style/noDefaultExport: it is what the package exports
	export { Gauge as default } from 'prom-client'
}
declare module 'prom-client/lib/histogram' {
	// biome-ignore lint/style/noDefaultExport: it is what the package exports
	export { Histogram as default } from 'prom-client'
}
declare module 'prom-client/lib/registry' {
	// biome-ignore lint/style/noDefaultExport: it is what the package exports
	export { Registry as default } from 'prom-client'
}
