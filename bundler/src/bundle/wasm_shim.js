// The runtime's `WebAssembly` for packages that bring their binaries as bytes. The bundler has put a small binary in the
// place of each, which holds nothing but the name of a module that is there already: what the package compiles is that.
const native = globalThis.WebAssembly;
const modules = new Map();
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0, 0];
const MARK = "cidery";
const DATA = /^data:[^,]*;base64,/;

const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

// A custom section: its size, the size of its name, its name, its content. Asset names have at most 90 characters.
function standIn(name) {
  const content = [...(MARK + name)].map((character) => character.charCodeAt(0));
  return Uint8Array.from([...HEAD, content.length + 1, MARK.length, ...content]);
}

export function register(name, module) {
  modules.set(name, module);
  const bytes = standIn(name);
  const base64 = toBase64(bytes);
  return { base64, bytes: Array.from(bytes), url: `data:application/wasm;base64,${base64}`, file: name.slice("./".length) };
}

// What is in a file that has the name of a binary, wherever it is looked for.
export function contentOf(path) {
  const name = `./${String(path?.href ?? path).split(/[\\/]/).pop()}`;
  return modules.has(name) ? standIn(name) : undefined;
}

function known(source) {
  if (!(source instanceof ArrayBuffer) && !ArrayBuffer.isView(source)) return undefined;
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  // Behind the name there may be more: Emscripten takes as many bytes as the binary had.
  if (HEAD.some((byte, at) => bytes[at] !== byte)) return undefined;
  return modules.get(String.fromCharCode(...bytes.subarray(HEAD.length + 2 + MARK.length, HEAD.length + 1 + bytes[HEAD.length])));
}

function Module(source) {
  return known(source) ?? new native.Module(source);
}
Module.prototype = native.Module.prototype;
Object.setPrototypeOf(Module, native.Module);

const compile = async (source) => known(source) ?? native.compile(source);
// Made at once: what goes on after the start would never be heard of by requests.
const instantiate = async (source, imports) => {
  if (source instanceof native.Module) return new native.Instance(source, imports);
  const module = known(source);
  return module === undefined ? native.instantiate(source, imports) : { module, instance: new native.Instance(module, imports) };
};
const bytesOf = async (response) => (await response).arrayBuffer();

export const WebAssembly = Object.assign(Object.create(native), {
  Module,
  compile,
  instantiate,
  compileStreaming: async (response) => compile(await bytesOf(response)),
  instantiateStreaming: async (response, imports) => instantiate(await bytesOf(response), imports),
  validate: (source) => known(source) !== undefined || native.validate(source),
});

function decoded(url) {
  const head = DATA.exec(url)?.[0];
  return head && Uint8Array.from(atob(url.slice(head.length)), (character) => character.charCodeAt(0));
}

// `fetch` of such a binary's URL needs no network. A body would be refused before the first request; this one is no stream.
export async function fetch(input, init) {
  const url = String(input?.url ?? input);
  const bytes = decoded(url) ?? contentOf(url);
  if (known(bytes) === undefined) return globalThis.fetch(input, init);
  const response = new Response(null, { headers: { "content-type": "application/wasm" } });
  return Object.defineProperty(response, "arrayBuffer", { value: async () => bytes.buffer });
}
