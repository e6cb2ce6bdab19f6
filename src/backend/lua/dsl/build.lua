-- Runs the author's script and says what came of it.

local F, B = require 'flow_dsl', require 'bp_dsl'
local document = require '@script'

if type(document) ~= 'table' then error(_SCRIPT .. ': it has to return a Blueprint: return B.bp { id = …, flow = …, agents = … }', 0) end
return { document = document, warnings = B.warnings, lines = F.lines_in(document) }
