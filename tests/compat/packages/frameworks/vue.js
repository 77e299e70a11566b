import { computed, createSSRApp, defineComponent, h, inject, nextTick, provide, reactive, ref, watch } from "vue";
import { renderToString } from "vue/server-renderer";

const Child = defineComponent({ props: { n: Number }, setup: (props, { slots }) => () => h("li", { class: { even: props.n % 2 === 0 } }, [inject("word"), props.n, slots.default?.()]) });

export default async () => {
  const app = createSSRApp({ setup() {
    provide("word", "n=");
    const list = ref([1, 2]);
    const sum = computed(() => list.value.reduce((a, b) => a + b));
    return () => h("ul", { style: { color: "red" } }, [...list.value.map((n) => h(Child, { n, key: n }, { default: () => "<slot>" })), h("b", sum.value)]);
  } });
  const [state, seen] = [reactive({ n: 1 }), []];
  watch(() => state.n, (now, before) => seen.push([before, now]));
  state.n = 5;
  await nextTick();
  return [await renderToString(app), seen];
};
