-- `require 'bp_dsl'`: a Blueprint, and pipelines of stages with gates, retries and lanes (mlua-swarm 0.10.0).

local F = require 'flow_dsl'
local type, error, ipairs, next, getmetatable, setmetatable = type, error, ipairs, next, getmetatable, setmetatable
local format, concat, floor = string.format, table.concat, math.floor

local B = { warnings = {} }

local STAGE, FROM = { __jsontype = 'object' }, {}
local JOINS = { all = true, any = true, race = true, all_settled = true }

local function is(value, kind) return type(value) == 'table' and getmetatable(value) == kind end

-- Errors are told at the line of the script that the stage or the pipeline stands in.
local function fail(place, ...)
	local message = 'bp_dsl: ' .. format(...)
	error(place and place .. ': ' .. message or message, 0)
end

local function warn(place, ...)
	local message = 'bp_dsl: ' .. format(...)
	B.warnings[#B.warnings + 1] = place and place .. ': ' .. message or message
end

function B.bp(document)
	if type(document) ~= 'table' then fail(F.place(), 'B.bp takes a table') end
	return F.mark(document, F.place())
end

function B.agent(keys)
	if type(keys) ~= 'table' then fail(F.place(), 'B.agent takes a table') end
	local agent = F.obj()
	for key, value in next, keys do agent[key == 'md' and '$agent_md' or key] = value end
	return F.mark(agent, F.place())
end

-- Stands for the place that a stage, also a later one, writes to.
function B.from(id) return setmetatable({ id = id }, FROM) end

local function new_stage(id, fields, place)
	if type(fields) ~= 'table' then fail(place, 'stage "%s" takes a table', id) end
	local stage = setmetatable({ id = id, place = place }, STAGE)
	for key, value in next, fields do stage[key] = value end
	return stage
end

function B.stage(id, fields)
	local place = F.place()
	if type(id) ~= 'string' or id == '' then fail(place, 'a stage needs a name: B.stage "plan" { … }') end
	if fields ~= nil then return new_stage(id, fields, place) end
	return function(later) return new_stage(id, later, place) end
end

local function check_lanes(stage)
	local lanes = stage.fanout.lanes
	if type(lanes) ~= 'table' or #lanes == 0 then fail(stage.place, 'stage "%s": lanes has to be a list with a lane at least', stage.id) end
	for index, lane in ipairs(lanes) do
		local name = type(lane) == 'table' and lane.lane or lane
		if type(name) ~= 'string' then fail(stage.place, 'stage "%s": lane %d has no name', stage.id, index) end
	end
	for key in next, lanes do
		if type(key) ~= 'number' then fail(stage.place, 'stage "%s": lanes has to be a list, in order', stage.id) end
	end
end

local function check_fanout(stage)
	local fanout = stage.fanout
	if type(fanout) ~= 'table' then fail(stage.place, 'stage "%s": fanout takes a table', stage.id) end
	if stage.agent then fail(stage.place, 'stage "%s" has both agent and fanout', stage.id) end
	if stage.retry then fail(stage.place, 'stage "%s": a fanout cannot be retried', stage.id) end
	if (fanout.agent == nil) == (fanout.lanes == nil) then fail(stage.place, 'stage "%s": fanout needs either agent or lanes', stage.id) end
	if not JOINS[fanout.join or 'all'] then fail(stage.place, 'stage "%s": join has to be all, any, race or all_settled', stage.id) end
	if fanout.lanes ~= nil then check_lanes(stage) end
end

local function check_retry(stage)
	local retry = stage.retry
	if type(retry) ~= 'table' or type(retry.max) ~= 'number' or retry.max < 1 or retry.max ~= floor(retry.max) then
		fail(stage.place, 'stage "%s": retry needs max, a whole number from 1 on', stage.id)
	end
	if not is(retry.fix, STAGE) then fail(stage.place, 'stage "%s": retry needs fix, a stage', stage.id) end
end

local function check_stage(stage, place)
	if not is(stage, STAGE) then fail(place, 'a pipeline is made of stages: B.stage "plan" { agent = "planner" }') end
	if stage.fanout ~= nil then
		check_fanout(stage)
	elseif type(stage.agent) ~= 'string' then
		fail(stage.place, 'stage "%s" needs an agent or a fanout', stage.id)
	end
	if stage.retry then check_retry(stage) end
end

-- Where each stage writes, those that mend others included.
local function outs_of(stages)
	local outs = {}
	for _, stage in ipairs(stages) do
		outs[stage.id] = stage.out or '$.' .. stage.id
		local fix = stage.retry and stage.retry.fix
		if fix then outs[fix.id] = fix.out or '$.' .. fix.id end
	end
	return outs
end

local function input_of(pipeline, stage, index)
	local input = stage.input
	if is(input, FROM) then
		return pipeline.outs[input.id] or fail(stage.place, 'B.from("%s") references an undefined stage', input.id)
	end
	if input == nil and pipeline.chain and index and index > 1 then return pipeline.outs[pipeline.stages[index - 1].id] end
	return input or '$.d.' .. stage.id
end

-- A path where it is text, else what it is.
local function read(value) return type(value) == 'string' and F.p(value) or F.operand(value) end

local function step(pipeline, stage, index)
	local input = input_of(pipeline, stage, index)
	return F.mark(F.step { agent = stage.agent, input = read(input), out = pipeline.outs[stage.id] }, stage.place)
end

local function lane_body(bind, lanes, index)
	local lane = type(lanes[index]) == 'table' and lanes[index] or { lane = lanes[index] }
	local name = lane.lane
	local body = F.step { agent = lane.agent or name, input = read(lane.input or '$.d.' .. name), out = lane.out or '$.lane.' .. name }
	if index == #lanes then return body end
	return F.branch { cond = read(bind):eq(name), on_true = body, on_false = lane_body(bind, lanes, index + 1) }
end

local function items_of(pipeline, stage, index)
	local fanout = stage.fanout
	local items = fanout.items
	if is(items, FROM) then return F.p(pipeline.outs[items.id] or fail(stage.place, 'B.from("%s") references an undefined stage', items.id)) end
	if items ~= nil then return F.operand(items) end
	if not fanout.lanes then return read(input_of(pipeline, stage, index)) end
	local names = {}
	for at, lane in ipairs(fanout.lanes) do names[at] = type(lane) == 'table' and lane.lane or lane end
	return F.lit(names)
end

local function lanes(pipeline, stage, index)
	local fanout = stage.fanout
	local bind = fanout.bind or '$.item'
	local body
	if fanout.agent then
		body = F.step { agent = fanout.agent, input = read(bind), out = fanout.lane_out or '$.branch_out' }
	else
		body = lane_body(bind, fanout.lanes, 1)
	end
	local out = pipeline.outs[stage.id]
	return F.mark(F.fanout { items = items_of(pipeline, stage, index), bind = bind, body = body, join = fanout.join, out = out }, stage.place)
end

-- Where the verdict of what was written to a place is: in its part of that name, or it is the value itself (`channel = "body"`).
local function verdict_at(pipeline, stage, at)
	if (stage.channel or pipeline.channel) == 'body' then return F.p(at) end
	return F.p(at .. '.parts["verdict"]')
end

local function halt_values(pipeline, stage)
	local values = stage.halt_on or pipeline.halt_on or {}
	if #values == 0 then fail(stage.place, 'stage "%s" is a gate without halt_on', stage.id) end
	return values
end

local function gate_cond(pipeline, stage)
	local values, conds = halt_values(pipeline, stage), {}
	for index, value in ipairs(values) do conds[index] = verdict_at(pipeline, stage, pipeline.outs[stage.id]):eq(value) end
	return #conds == 1 and conds[1] or F.any(conds)
end

local function is_gated(pipeline, stage)
	if stage.gate ~= nil then return stage.gate end
	if stage.retry or stage.halt_on then return true end
	return pipeline.gate_default == 'auto' and #(pipeline.halt_on or {}) > 0 and not stage.fanout
end

local function with_retry(pipeline, stage, index)
	local retry = stage.retry
	local counter = retry.counter or format('$.%s_n', stage.id)
	local cond = F.p(counter):lt(retry.max):And(gate_cond(pipeline, stage))
	local body = F.seq { step(pipeline, retry.fix), step(pipeline, stage, index) }
	return { step(pipeline, stage, index), F.loop_ { counter = counter, cond = cond, max = retry.max + 1, body = body } }
end

local function body_of(pipeline, stage, index)
	local body
	if stage.fanout then
		body = { lanes(pipeline, stage, index) }
	elseif stage.retry then
		body = with_retry(pipeline, stage, index)
	else
		body = { step(pipeline, stage, index) }
	end
	if #(stage.skip_on or {}) == 0 then return body end
	local input = input_of(pipeline, stage, index)
	if type(input) ~= 'string' then fail(stage.place, 'stage "%s": skip_on needs an input that is a path', stage.id) end
	local cond = F.lit(stage.skip_on):contains(verdict_at(pipeline, stage, input))
	return { F.branch { cond = cond, on_true = F.seq {}, on_false = F.seq(body) } }
end

local function expand(pipeline, index)
	local stage = pipeline.stages[index]
	if not stage then return pipeline.done and F.assign { at = pipeline.done, value = true } or F.seq {} end
	local body, rest = body_of(pipeline, stage, index), expand(pipeline, index + 1)
	if is_gated(pipeline, stage) then
		if stage.fanout then warn(stage.place, 'stage "%s": a gate on a fanout compares the joined list', stage.id) end
		local halt = F.assign { at = pipeline.halted_at, value = stage.id }
		rest = F.mark(F.branch { cond = gate_cond(pipeline, stage), on_true = halt, on_false = rest }, stage.place)
	end
	body[#body + 1] = rest
	return F.mark(F.seq(body), stage.place)
end

local function check_pipeline(pipeline, place)
	local default = pipeline.gate_default
	if default ~= nil and default ~= 'explicit' and default ~= 'auto' then
		fail(place, 'gate_default has to be "explicit" or "auto", not "%s"', default)
	end
	local gates, seen = false, {}
	for _, stage in ipairs(pipeline.stages) do
		check_stage(stage, place)
		if seen[stage.id] then fail(stage.place, 'there are two stages "%s"', stage.id) end
		seen[stage.id] = true
		gates = gates or is_gated(pipeline, stage)
	end
	if #(pipeline.halt_on or {}) > 0 and not gates then
		warn(place, 'halt_on has %s, but no stage is a gate: the pipeline can never halt', concat(pipeline.halt_on, ', '))
	end
end

function B.pipeline(given)
	local place = F.place()
	if type(given) ~= 'table' then fail(place, 'B.pipeline takes a table') end
	local pipeline = { stages = {}, halted_at = given.halted_at or '$.halted_at' }
	for _, key in ipairs { 'halt_on', 'done', 'chain', 'gate_default', 'channel' } do pipeline[key] = given[key] end
	for index, stage in ipairs(given) do pipeline.stages[index] = stage end
	check_pipeline(pipeline, place)
	pipeline.outs = outs_of(pipeline.stages)
	return F.mark(expand(pipeline, 1), place)
end

return B
