import { setFlagsFromString } from 'node:v8';

// V8 compiles a wrapper for each function that a WebAssembly module imports once it was called a thousand times, and
// shares it among the threads of the process. Freeing one can end the process ("Check failed: jit_page.has_value()", in
// WasmImportWrapperCache). Node's fetch parses HTTP in WebAssembly, and there are threads here, so no wrapper is compiled:
// what one would save cannot be measured beside a request.
setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647');
