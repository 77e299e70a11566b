import minimist from "minimist";

export default () => minimist(["-abc", "--n=5", "--no-color", "--name", "ada", "file", "--tag", "x", "--tag", "y", "--", "rest", "-z"], { string: ["tag"], alias: { name: "N" }, default: { level: 3 }, "--": true });
