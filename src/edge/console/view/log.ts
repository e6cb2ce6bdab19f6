// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

/** What a program wrote for a terminal, without colours and other commands to it; of a line that was written over, the last state. */
export function plainText(text: string): string {
	return text
		.replaceAll('\r\n', '\n')
		.replaceAll(CONTROLS, '')
		.split('\n')
		.map((line) => line.slice(line.lastIndexOf('\r') + 1))
		.join('\n')
}
