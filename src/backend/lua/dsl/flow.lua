-- `require 'flow_dsl'`: the nodes and expressions of a flow. Any value where an expression is expected stands for itself, so text
-- is text; F.p makes a path of it.

local type, error, pcall, next, tonumber = type, error, pcall, next, tonumber
local getmetatable, setmetatable, ipairs, tostring = getmetatable, setmetatable, ipairs, tostring
local match, format, sub = string.match, string.format, string.sub

local SCRIPT = _SCRIPT .. ':'

local F = {}

local OBJECT = { __jsontype = 'object' }
local METHODS = {}
local TERM = { __jsontype = 'object', __index = METHODS }

-- The script's lines at which tables were made, for whoever finds something about them.
local line_of = setmetatable({}, { __mode = 'k' })

-- The place in the script that called whoever calls this, as `file:line`; nil where Lua forgot it, as it does for what stands
-- right after `return`.
function F.place()
	local _, text = pcall(error, '', 4)
	return sub(text, 1, #SCRIPT) == SCRIPT and match(text, '^(.*:%d+): $') or nil
end

function F.mark(value, place)
	line_of[value] = tonumber(match(place or '', ':(%d+)$'))
	return value
end

-- An object even when it is empty; an empty table is a list otherwise.
function F.obj(members) return setmetatable(members or {}, OBJECT) end

local function fail(message) error('flow_dsl: ' .. message, 3) end

local function is_term(value) return type(value) == 'table' and getmetatable(value) == TERM end

local function term(expr) return setmetatable(expr, TERM) end

local function operand(value)
	if is_term(value) then return value end
	if value == nil then value = null end
	return term { op = 'lit', value = value }
end

local function operands(list)
	local args = {}
	for index, value in ipairs(list) do args[index] = operand(value) end
	return args
end

-- Expressions.

function F.p(at)
	if type(at) ~= 'string' then fail('F.p takes the text of a path, such as "$.goal"') end
	return term { op = 'path', at = at }
end

function F.lit(value) return operand(value) end

function F.raw(ast)
	if type(ast) ~= 'table' then fail('F.raw takes a table') end
	return term(ast)
end

function F.all(list) return term { op = 'and', args = operands(list) } end

function F.any(list) return term { op = 'or', args = operands(list) } end

function F.call_extern(name, args) return term { op = 'call_extern', ref = name, args = operands(args or {}) } end

local function binary(op)
	return function(lhs, rhs) return term { op = op, lhs = operand(lhs), rhs = operand(rhs) } end
end

local function unary(op)
	return function(arg) return term { op = op, arg = arg } end
end

for _, op in ipairs { 'eq', 'ne', 'lt', 'lte', 'gt', 'gte' } do METHODS[op] = binary(op) end
METHODS.Not, METHODS.exists, METHODS.len = unary 'not', unary 'exists', unary 'len'
function METHODS:And(other) return F.all { self, other } end
function METHODS:Or(other) return F.any { self, other } end
function METHODS:contains(needle) return term { op = 'in', needle = operand(needle), haystack = self } end

TERM.__add, TERM.__sub, TERM.__mul = binary 'add', binary 'sub', binary 'mul'
TERM.__div, TERM.__mod = binary 'div', binary 'mod'

-- Nodes. Each takes one table.

local function target(value)
	if type(value) == 'string' then return F.p(value) end
	return value
end

local function node(name, fields, make)
	F[name] = function(given)
		if type(given) ~= 'table' then fail(format('F.%s takes a table', name)) end
		for _, field in ipairs(fields) do
			if given[field] == nil then fail(format('F.%s needs `%s`', name, field)) end
		end
		return F.mark(setmetatable(make(given), OBJECT), F.place())
	end
end

local function nodes_in(list)
	local children = {}
	for index, child in ipairs(list) do
		if type(child) ~= 'table' then error(format('flow_dsl: F.seq: item %d is a %s and no node', index, type(child)), 4) end
		children[index] = child
	end
	return children
end

node('step', { 'agent', 'input', 'out' }, function(t)
	return { kind = 'step', ref = t.agent, ['in'] = operand(t.input), out = target(t.out) }
end)
node('seq', {}, function(t) return { kind = 'seq', children = nodes_in(t) } end)
node('branch', { 'cond', 'on_true' }, function(t)
	local otherwise = t.on_false or setmetatable({ kind = 'seq', children = {} }, OBJECT)
	return { kind = 'branch', cond = operand(t.cond), ['then'] = t.on_true, ['else'] = otherwise }
end)
node('loop_', { 'counter', 'cond', 'max', 'body' }, function(t)
	return { kind = 'loop', counter = target(t.counter), cond = operand(t.cond), max = t.max, body = t.body }
end)
node('fanout', { 'items', 'bind', 'body', 'out' }, function(t)
	local join = t.join or 'all'
	return { kind = 'fanout', items = operand(t.items), bind = target(t.bind), body = t.body, join = join, out = target(t.out) }
end)
node('assign', { 'at' }, function(t) return { kind = 'assign', at = target(t.at), value = operand(t.value) } end)
node('try_', { 'body', 'catch' }, function(t)
	return { kind = 'try', body = t.body, catch = t.catch, err_at = target(t.err_at) }
end)

-- Which parts of a finished document come from which line of the script, by JSON path.

local function member(at, key)
	if type(key) == 'number' then return format('%s[%d]', at, key - 1) end
	if match(key, '^[%a_][%w_-]*$') then return at .. '.' .. key end
	return format('%s["%s"]', at, key)
end

function F.lines_in(document)
	local lines, open = F.obj(), {}
	local function walk(value, at)
		if type(value) ~= 'table' or open[value] then return end
		open[value] = true
		if line_of[value] then lines[at] = line_of[value] end
		for key, item in next, value do
			if type(key) == 'string' or type(key) == 'number' then walk(item, member(at, key)) end
		end
		open[value] = nil
	end
	walk(document, '$')
	return lines
end

-- For the sibling module.
F.operand, F.target, F.is_term = operand, target, is_term

return F
