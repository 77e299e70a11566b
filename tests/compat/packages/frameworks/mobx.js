import { action, autorun, computed, flow, makeObservable, observable, reaction, runInAction, toJS } from "mobx";

class Cart {
  items = [];
  constructor() { makeObservable(this, { items: observable, total: computed, add: action, load: flow }); }
  get total() { return this.items.reduce((sum, { price }) => sum + price, 0); }
  add(price) { this.items.push({ price }); }
  *load() { this.items.push(yield Promise.resolve({ price: 100 })); }
}

export default async () => {
  const [cart, totals, lengths] = [new Cart(), [], []];
  const stop = autorun(() => totals.push(cart.total));
  reaction(() => cart.items.length, (length) => lengths.push(length));
  cart.add(1);
  runInAction(() => { cart.add(2); cart.add(3); });
  await cart.load();
  stop();
  cart.add(9);
  return { totals, lengths, items: toJS(cart.items) };
};
