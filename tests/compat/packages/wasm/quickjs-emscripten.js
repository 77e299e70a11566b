import { getQuickJS } from "quickjs-emscripten";

export default async () => {
  const QuickJS = await getQuickJS();
  const vm = QuickJS.newContext();
  const double = vm.newFunction("double", (n) => vm.newNumber(vm.getNumber(n) * 2));
  vm.setProp(vm.global, "double", double);
  double.dispose();
  const ok = vm.unwrapResult(vm.evalCode("const f = (n) => n < 2 ? n : f(n - 1) + f(n - 2); ({ fib: f(15), twice: double(21) })"));
  const failed = vm.evalCode("throw new TypeError('no')");
  return [vm.dump(ok), vm.dump(failed.error).name, QuickJS.evalCode("[1,2].map(x => x + 1).join()")];
};
