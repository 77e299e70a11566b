import { allTasks, atom, computed, map, onMount, task } from "nanostores";

export default async () => {
  const [users, log] = [atom([{ name: "Ada", admin: true }, { name: "Bob" }]), []];
  const admins = computed(users, (all) => all.filter(({ admin }) => admin).length);
  const profile = map({ name: "x", age: 1 });
  onMount(profile, () => { task(async () => { await null; profile.setKey("name", "loaded"); }); });
  admins.subscribe((n) => log.push(n));
  profile.listen((value, _, key) => log.push([key, value.name]));
  users.set([...users.get(), { name: "Eve", admin: true }]);
  await allTasks();
  return log;
};
