import type { Transport } from '../domain/mcp/definition.ts';
import type { PackagePin } from '../domain/mcp/packages.ts';

/** Finds out what stands behind the packages that a transport starts by their names. */
export interface PackagePins {
  /**
   * Which packages a launch means today: those installed on the machine, or those of the registry. Undefined when it starts
   * no package, or may run without being pinned.
   * @throws UpstreamError `upstream_refused`, `upstream_unavailable`
   */
  resolve(transport: Transport): Promise<PackagePin | undefined>;
}
