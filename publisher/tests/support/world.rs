//! A registry that `cidery serve` runs, and people with keys.

use serde_json::{Value, json};

use super::{Home, Ran, Served, arg, write};

pub const CODE: &str = "export default { fetch: () => new Response('hello') };";

/// A registry, and a publisher with a key.
pub struct World {
    pub served: Served,
    pub publisher: Home,
    _operator: Home,
}

/// A key of the publisher's: the path of its file, and its public half.
pub struct Key {
    pub file: String,
    pub public: String,
}

impl World {
    pub fn new() -> Self {
        let (operator, publisher) = (Home::new(), Home::new());
        let served = Served::start(&operator);
        assert_eq!(publisher.run(&["keys", "new"]).code, Some(0));
        World { served, publisher, _operator: operator }
    }

    /// With `@acme/hello` 1.0.0 in it.
    pub fn published() -> (Self, Value) {
        let world = World::new();
        let (exit, release) = world.publish("1.0.0", CODE);
        assert_eq!(exit, Some(0), "{release}");
        (world, release)
    }

    pub fn publish(&self, version: &str, code: &str) -> (Option<i32>, Value) {
        let dir = self.publisher.package("@acme/hello", version, code);
        self.publisher.json(&["publish", arg(&dir), "--registry", &self.served.url])
    }

    /// Publishes `@acme/hello` with other code for each version, and with these arguments.
    pub fn release(&self, version: &str, args: &[&str]) -> (Option<i32>, Value) {
        let code = format!("export default {{ fetch: () => new Response('{version}') }};");
        let dir = self.publisher.package("@acme/hello", version, &code);
        self.own(&[&["publish", arg(&dir)], args].concat())
    }

    /// What the publisher does.
    pub fn own(&self, args: &[&str]) -> (Option<i32>, Value) {
        self.by(&self.publisher, args)
    }

    /// What the publisher does, which must succeed.
    pub fn must(&self, args: &[&str]) -> Value {
        let (exit, answer) = self.own(args);
        assert_eq!(exit, Some(0), "{args:?}: {answer}");
        answer
    }

    pub fn by(&self, home: &Home, args: &[&str]) -> (Option<i32>, Value) {
        home.json(&[args, &["--registry", &self.served.url]].concat())
    }

    /// As people see it.
    pub fn text(&self, home: &Home, args: &[&str]) -> Ran {
        home.run(&[args, &["--registry", &self.served.url]].concat())
    }

    pub fn verify(&self, home: &Home, reference: &str) -> (Option<i32>, Value) {
        self.by(home, &["verify", reference])
    }

    /// The key that signs where no other is named.
    pub fn own_key(&self) -> Key {
        let file = self.publisher.path("config/id_ed25519");
        let public = self.publisher.run(&["keys", "show"]).stdout.trim().to_owned();
        Key { file: arg(&file).to_owned(), public }
    }

    /// A new key.
    pub fn key(&self, name: &str) -> Key {
        let file = self.publisher.path(name);
        let made = self.publisher.run(&["keys", "new", "--out", arg(&file)]);
        assert_eq!(made.code, Some(0), "{made:?}");
        Key { file: arg(&file).to_owned(), public: made.stdout.trim().to_owned() }
    }

    /// A policy of one rule for `pattern`, written into the home's folder for policies.
    pub fn policy(&self, home: &Home, pattern: &str, rule: Value) {
        let trusted = trust(&self.publisher);
        let (origin, log) = trusted["origins"].as_object().unwrap().iter().next().unwrap();
        let mut rule = rule;
        rule["origin"] = json!(origin);
        let policy = json!({ "origins": { origin: log }, "packages": { pattern: rule } });
        write(&home.path("config/policy.json"), &policy.to_string());
    }
}

/// The exit code, and the code of the refusal.
pub fn code(answer: &(Option<i32>, Value)) -> (Option<i32>, &str) {
    (answer.0, answer.1["error"]["code"].as_str().unwrap_or("none"))
}

pub fn trust(home: &Home) -> Value {
    serde_json::from_slice(&std::fs::read(home.path("config/trust.json")).unwrap()).unwrap()
}
