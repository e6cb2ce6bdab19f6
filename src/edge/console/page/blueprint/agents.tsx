import { Json, LongText } from '../../part/json.tsx'
import { Nothing } from '../../part/shown.tsx'
import { type AgentView, documentAgents } from '../../view/blueprint.ts'
import { wordText } from '../../view/tone.ts'

/** Who does the steps of a version, and what each is told. */
export function BlueprintAgents({ blueprint }: { readonly blueprint: unknown }) {
	const agents = documentAgents(blueprint)
	if (agents.length === 0) return <Nothing title="It names no agents." />
	return (
		<ul className="cards">
			{agents.map((agent) => (
				<Agent key={agent.name} agent={agent} />
			))}
		</ul>
	)
}

function Agent({ agent: { name, kind, model, prompt, spec } }: { readonly agent: AgentView }) {
	return (
		<li className="panel form">
			<header className="detail-head">
				<h2>{name}</h2>
				<span className="hint">
					{wordText(kind)}
					{model !== null && `, ${model}`}
				</span>
			</header>
			{prompt !== null && <LongText text={prompt} label={`What ${name} is told`} />}
			{Object.keys(spec).length > 0 && (
				<details>
					<summary>Set up</summary>
					<Json value={spec} label={`How ${name} is set up`} />
				</details>
			)}
		</li>
	)
}
