import type { FunctionDef } from '../backend/function/function.ts'
import type { LuaHost } from '../backend/lua/host.ts'
import type { OperatorFactory } from '../backend/operator-inside.ts'
import type { BlueprintStore } from '../core/blueprint/store.ts'
import type { Registry } from '../core/dispatch/backend.ts'
import type { LayerRegistry } from '../core/layer/layer.ts'
import type { OutputStore } from '../core/output/store.ts'
import type { RegistryParts } from './registry.ts'
import type { Surroundings } from './surroundings.ts'

/** What everything else hangs from; one per server, per `mse-server run`, per test. */
export interface EngineOptions extends Surroundings {
	/** Another one than the database's own; null for none, and only inline Blueprints run. */
	readonly blueprintStore?: BlueprintStore | null | undefined
	/** Another one than the database's own. */
	readonly outputStore?: OutputStore | undefined
	/** Agent kind to backend. */
	readonly registry?: ((parts: RegistryParts) => Registry) | undefined
	readonly layers?: ((parts: RegistryParts) => LayerRegistry) | undefined
	/** Functions for `rust_fn` agents beside those that every server has. */
	readonly functions?: ReadonlyMap<string, FunctionDef> | undefined
	/** Scripts and host functions for `lua` agents. */
	readonly luaHost?: LuaHost | undefined
	/** Operators inside this process. */
	readonly operatorFactory?: OperatorFactory | undefined
	/** Whether the sockets of a hive may be opened, as the configuration says; only a server of its own does. */
	readonly opensHive?: boolean | undefined
}
