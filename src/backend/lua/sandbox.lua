-- Runs one script. The server's side of the boundary is text: `__request` comes in as JSON, a tag and a text go out.
-- Everything used after the script has begun is a local, because the script may change any global and any library table.

local request_json, call_host, report, null = __request, __call_host, __report, __null

local type, next, pcall, error, tostring, tonumber = type, next, pcall, error, tostring, tonumber
local rawget, rawset, rawlen, rawequal, select = rawget, rawset, rawlen, rawequal, select
local getmetatable, setmetatable, load = getmetatable, setmetatable, load
local find, sub, byte, format, gsub = string.find, string.sub, string.byte, string.format, string.gsub
local concat, integer_or_float, utf8_length, utf8_char = table.concat, math.type, utf8.len, utf8.char

local LARGEST_EXACT = 2 ^ 53
local DEEPEST = 200
local PRINTED = 8192

-- JSON to Lua. What comes in was written by JSON.stringify: compact and well-formed.

local OBJECT, ARRAY = { __jsontype = 'object' }, { __jsontype = 'array' }
local UNESCAPED = { b = '\b', f = '\f', n = '\n', r = '\r', t = '\t' }

local function unescape(letter, hex)
	if letter ~= 'u' then return (UNESCAPED[letter] or letter) .. hex end
	local code = tonumber(hex, 16)
	return utf8_char(code >= 0xD800 and code <= 0xDFFF and 0xFFFD or code)
end

local function decode(text)
	local at = 1
	local value

	local function read_string()
		local from, scan = at + 1, at + 1
		local escaped = false
		while true do
			local stop = find(text, '["\\]', scan)
			if byte(text, stop) == 34 then
				at = stop + 1
				local raw = sub(text, from, stop - 1)
				return escaped and (gsub(raw, '\\(.)(%x?%x?%x?%x?)', unescape)) or raw
			end
			escaped, scan = true, stop + 2
		end
	end

	local function read_object()
		local object = {}
		at = at + 1
		while byte(text, at) ~= 125 do
			local key = read_string()
			at = at + 1
			object[key] = value()
			if byte(text, at) == 44 then at = at + 1 end
		end
		at = at + 1
		return setmetatable(object, OBJECT)
	end

	local function read_array()
		local array, length = {}, 0
		at = at + 1
		while byte(text, at) ~= 93 do
			length = length + 1
			array[length] = value()
			if byte(text, at) == 44 then at = at + 1 end
		end
		at = at + 1
		return setmetatable(array, ARRAY)
	end

	function value()
		local first = byte(text, at)
		if first == 34 then return read_string() end
		if first == 123 then return read_object() end
		if first == 91 then return read_array() end
		if first == 116 then at = at + 4 return true end
		if first == 102 then at = at + 5 return false end
		if first == 110 then at = at + 4 return null end
		local from, to = find(text, '^[-+.%deE]+', at)
		at = to + 1
		return tonumber(sub(text, from, to))
	end

	return value()
end

-- Lua to JSON. Metamethods are never called.

local ESCAPED = { ['"'] = '\\"', ['\\'] = '\\\\' }
for code = 0, 31 do ESCAPED[utf8_char(code)] = format('\\u%04x', code) end
ESCAPED['\127'] = '\\u007f'

local function refuse(message) error(message, 0) end

local function number_text(number)
	if integer_or_float(number) == 'integer' then
		if number <= LARGEST_EXACT and number >= -LARGEST_EXACT then return format('%d', number) end
		refuse(format('the integer %d is beyond 2^53 and would lose digits; return it as a string', number))
	end
	if number ~= number or number == 1 / 0 or number == -1 / 0 then return 'null' end
	return format('%.17g', number)
end

local function string_text(text)
	if not utf8_length(text) then refuse('a string is not UTF-8') end
	return '"' .. gsub(text, '[%c"\\]', ESCAPED) .. '"'
end

-- Whether a table is a list, and its length then. An empty table is a list; __jsontype decides otherwise (as in dkjson).
local function shape_of(list)
	local meta = getmetatable(list)
	local said = type(meta) == 'table' and rawget(meta, '__jsontype') or nil
	local keys, names, length = 0, 0, 0
	for key in next, list do
		keys = keys + 1
		if type(key) == 'string' then
			names = names + 1
		elseif integer_or_float(key) == 'integer' and key >= 1 then
			if key > length then length = key end
		else
			refuse(format('a table has a key of type %s; keys are names, or 1, 2, 3 and so on', type(key)))
		end
	end
	if said == 'object' or (names == keys and keys > 0) then return false end
	if names > 0 then refuse('a table has both list items and named members') end
	if length > 2 * keys + 8 then refuse('a list has more holes than items') end
	return true, length
end

local function encode(root, limit)
	local parts, count, size = {}, 0, 0
	local write

	local function put(text)
		size = size + #text
		if size > limit then refuse(format('it is over the limit of %d bytes (limits.output_bytes)', limit)) end
		count = count + 1
		parts[count] = text
	end

	local function write_table(list, depth)
		if depth > DEEPEST then refuse(format('tables are nested deeper than %d levels, or one holds itself', DEEPEST)) end
		local is_list, length = shape_of(list)
		put(is_list and '[' or '{')
		local separator = ''
		if is_list then
			for index = 1, length do
				put(separator)
				write(rawget(list, index), depth)
				separator = ','
			end
		else
			for key, member in next, list do
				put(separator)
				put(string_text(type(key) == 'string' and key or format('%d', key)))
				put(':')
				write(member, depth)
				separator = ','
			end
		end
		put(is_list and ']' or '}')
	end

	function write(value, depth)
		local kind = type(value)
		if kind == 'nil' or rawequal(value, null) then put('null')
		elseif kind == 'boolean' then put(value and 'true' or 'false')
		elseif kind == 'number' then put(number_text(value))
		elseif kind == 'string' then
			if #value > limit then put(value) end
			put(string_text(value))
		elseif kind == 'table' then write_table(value, depth + 1)
		else refuse(format('a %s cannot be JSON', kind)) end
	end

	write(root, 0)
	return concat(parts)
end

-- What the script finds.

local ALLOWED = {}
for _, name in next, {
	'_G', '_VERSION', 'assert', 'collectgarbage', 'coroutine', 'error', 'getmetatable', 'ipairs', 'math', 'next', 'pairs', 'pcall',
	'rawequal', 'rawget', 'rawlen', 'rawset', 'select', 'setmetatable', 'string', 'table', 'tonumber', 'tostring', 'type', 'utf8', 'xpcall',
} do ALLOWED[name] = true end

local request = decode(request_json)
local limit = request.output_bytes
request_json = nil

for name in next, _G do if not ALLOWED[name] then rawset(_G, name, nil) end end
string.dump = nil
_G.null = null

local printed = 0

function print(...)
	if printed > PRINTED then return end
	local texts = {}
	for index = 1, select('#', ...) do texts[index] = tostring((select(index, ...))) end
	local text = concat(texts, '\t')
	printed = printed + #text + 1
	report(sub(text, 1, PRINTED))
end

for name, value in next, request.globals do _G[name] = value end

local functions = request.host_functions
if rawlen(functions) > 0 then
	local host = {}
	for _, name in next, functions do
		host[name] = function(argument)
			local ok, json = pcall(encode, argument, limit)
			if not ok then error(format('host.%s: the argument: %s', name, tostring(json)), 2) end
			local reply = call_host(name, json)
			if byte(reply) == 43 then return decode(sub(reply, 2)) end
			error(sub(reply, 2), 2)
		end
	end
	_G.host = host
end

local modules = request.modules
if modules then
	local sources, loaded = {}, {}
	for _, module in next, modules do sources[module.name] = module end
	function require(name)
		if loaded[name] ~= nil then return loaded[name] end
		local module = sources[name]
		if not module then error(format("there is no module '%s'", tostring(name)), 2) end
		local label = '=' .. module.label
		local chunk, problem = load(module.source, label, 't')
		chunk = chunk or load('return ' .. module.source, label, 't')
		if not chunk then error(problem, 0) end
		local value = chunk()
		loaded[name] = value == nil and true or value
		return loaded[name]
	end
end

local function text_of(thrown)
	if type(thrown) == 'string' or type(thrown) == 'number' then return tostring(thrown) end
	local ok, json = pcall(encode, thrown, 4096)
	return ok and json or format('(an error that is a %s)', type(thrown))
end

-- As an expression first, so that `_CTX.a + 1` is a script too.
local name = '=' .. request.label
local chunk, problem = load('return ' .. request.source, name, 't')
if not chunk then chunk, problem = load(request.source, name, 't') end
if not chunk then return 'eval', problem end
request = nil

local ok, result = pcall(chunk)
if not ok then return 'eval', text_of(result) end
local encoded, json = pcall(encode, result, limit)
return encoded and 'returned' or 'json', json
