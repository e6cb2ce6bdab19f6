import type { LiveSession } from '../../../core/operator/sessions.ts'
import type { Observed, OpenState, OperatorRequest, SeatGiven } from '../../../core/operator/store.ts'
import type { ObservedSeat, OperatorsInfoResp, OperatorsListResp, PendingReply } from '../../../protocol/operator.ts'
import { toSeconds } from './seconds.ts'

const LONGEST_TEXT = 1024
const LARGEST_METADATA = 4096

export function toInfo({ record, connected }: LiveSession, observed: Observed): OperatorsInfoResp {
	const manifest = record.capabilityManifest as OperatorsInfoResp['capability_manifest'] | null
	return {
		sid: record.sid,
		roles: [...record.roles],
		connected,
		desc: record.desc,
		...(manifest && { capability_manifest: manifest }),
		observed: observed.seats.map(toObservedSeat),
		observed_total: observed.total,
	}
}

export function toListed({ record, connected, lastAccessAt }: LiveSession, observed: Observed): OperatorsListResp['operators'][number] {
	return {
		sid: record.sid,
		roles: [...record.roles],
		joined_at_secs: toSeconds(record.joinedAt),
		connected,
		desc: record.desc,
		observed: observed.seats.map(toObservedSeat),
		observed_total: observed.total,
		last_activity_secs: toSeconds(lastAccessAt),
	}
}

export function toPending(request: OperatorRequest, now: number): PendingReply {
	const { agent } = request.frame
	return {
		req_id: request.reqId,
		kind: request.kind,
		state: request.state as OpenState,
		slot: request.slot,
		run_id: request.runId,
		step_id: request.stepId,
		attempt: request.attempt,
		agent: typeof agent === 'string' ? agent : null,
		created_at_secs: toSeconds(request.createdAt),
		age_secs: toSeconds(now - request.createdAt),
		deadline_at_secs: toSeconds(request.deadlineAt),
	}
}

function toObservedSeat({ runId, slot, goal, projectRoot, workDir, taskMetadata, at }: SeatGiven): ObservedSeat {
	const texts = { goal, project_root: projectRoot, work_dir: workDir }
	const cut = { goal: cutText(goal), project_root: cutText(projectRoot), work_dir: cutText(workDir) }
	const isOmitted = Buffer.byteLength(JSON.stringify(taskMetadata)) > LARGEST_METADATA
	return {
		run_id: runId,
		slot,
		...cut,
		task_metadata: isOmitted ? null : taskMetadata,
		task_metadata_omitted: isOmitted,
		text_truncated: cut.goal !== texts.goal || cut.project_root !== texts.project_root || cut.work_dir !== texts.work_dir,
		at_secs: toSeconds(at),
	}
}

/** Cut between characters, with an ellipsis that counts. */
function cutText(text: string | null): string | null {
	if (text === null || Buffer.byteLength(text) <= LONGEST_TEXT) return text
	const room = LONGEST_TEXT - Buffer.byteLength('…')
	const { read } = new TextEncoder().encodeInto(text, new Uint8Array(room))
	return `${text.slice(0, read)}…`
}
