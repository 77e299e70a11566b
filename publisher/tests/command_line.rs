//! What the command says and how it exits, where no registry is needed.

mod support;

use support::{Home, arg, write};

const KEY_CHARS: usize = 48;

#[test]
fn a_key_is_made_once_shown_and_never_overwritten() {
    let home = Home::new();
    let none = home.json(&["keys", "show"]);
    assert_eq!((none.0, none.1["error"]["code"].as_str()), (Some(3), Some("environment")));
    assert!(
        none.1["error"]["hint"].as_str().is_some_and(|hint| hint.contains("cidery keys new")),
        "{}",
        none.1
    );
    let made = home.run(&["keys", "new"]);
    assert_eq!((made.code, made.stdout.trim().len()), (Some(0), KEY_CHARS), "{made:?}");
    assert!(made.stdout.starts_with("z6Mk"));
    let shown = home.run(&["keys", "show"]);
    assert_eq!((shown.code, &shown.stdout, shown.stderr.as_str()), (Some(0), &made.stdout, ""));

    let again = home.run(&["keys", "new"]);
    let file = home.path("config/id_ed25519");
    assert_eq!(again.code, Some(3));
    assert_eq!(again.stdout, "");
    assert_eq!(
        again.stderr,
        format!(
            "error: cannot make a key (key.unusable)\n  cause: `{}` exists, and a key file is never overwritten\n\
             hint: choose another file, or move this one away\n",
            file.display()
        )
    );
    assert_eq!(home.run(&["keys", "show"]).stdout, made.stdout);
}

#[test]
fn t36_a_secret_is_in_no_output() {
    let home = Home::new();
    let file = home.path("secret/key");
    let made = home.run(&["keys", "new", "--out", arg(&file), "--json"]);
    let text = std::fs::read_to_string(&file).unwrap();
    // Its lines of base64, and what a file without its first line still says.
    let secret: Vec<&str> = text.lines().filter(|line| line.len() > 16 && !line.starts_with('-')).collect();
    assert!(secret.len() > 3);
    let broken = home.path("secret/broken");
    write(&broken, &text.replace("OPENSSH", "CLOSED"));
    let dir = home.package("@acme/a", "1.0.0", "export default {};");
    let mut outputs = vec![made, home.run(&["keys", "show", arg(&file)])];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        outputs.push(home.run(&["keys", "show", arg(&broken)]));
        std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    outputs.push(home.run(&["keys", "show", arg(&broken), "--json"]));
    for key in [&file, &broken] {
        outputs.push(home.run(&[
            "publish",
            arg(&dir),
            "--key",
            arg(key),
            "--registry",
            "http://127.0.0.1:1",
        ]));
    }
    outputs.push(home.run(&["info", "@a/b", "--registry", "https://user:hunter2@127.0.0.1:1"]));
    outputs.push(home.run(&["--help"]));
    for output in outputs {
        for line in secret.iter().copied().chain(["hunter2"]) {
            assert!(!output.stdout.contains(line) && !output.stderr.contains(line), "{output:?}");
        }
    }
}

#[test]
fn usage_is_said_by_exit_2_and_as_json() {
    let home = Home::new();
    for (args, code) in [
        (&["verify", "@acme/hello@^1"][..], "usage"),
        (&["verify"], "usage"),
        (&["frobnicate"], "usage"),
        (&["verify", "@Acme/hello@^1"], "name.malformed"),
        (&["fetch", "@acme/hello@latest", "--out", "x"], "range.malformed"),
        (&["run", "bafyno"], "cid.malformed"),
        (&["info", "hello"], "name.malformed"),
        (&["verify", "@acme/hello:Stable"], "channel.malformed"),
        (&["verify", "@acme/hello@1", "--bucket", "7"], "usage"),
        (&["verify", "@acme/hello:stable", "--bucket", "10000"], "usage"),
        (&["yank", "@acme/hello@^1", "--severity", "low", "--reason", "other"], "usage"),
        (&["yank", "@acme/hello@1.0.0", "--severity", "none", "--reason", "restored"], "usage"),
        (&["channel", "set", "@acme/hello:stable", "1.0.0=1%"], "usage"),
        (&["channel", "set", "@acme/hello@1", "1.0.0"], "usage"),
        (&["keys", "rotate", "@acme/hello", "--add", "z6Mk"], "usage"),
        (&["keys", "rotate", "@acme/hello", "--recovery-delay", "1d"], "usage"),
        (&["publish", "--unsigned-out", "x"], "usage"),
        (&["import"], "usage"),
        (&["import", "hono"], "usage"),
        (&["import", "npm:hono", "--from", "list"], "usage"),
        (&["import", "npm:hono", "--jobs", "2"], "usage"),
        (&["import", "npm:hono", "--as", "hono"], "usage"),
        (&["info", "@a/b", "--registry", "nowhere"], "usage"),
    ] {
        let (exit, json) = home.json(args);
        assert_eq!((exit, json["error"]["code"].as_str()), (Some(2), Some(code)), "{args:?}: {json}");
    }
    let refused = home.run(&["verify", "@acme/hello@latest"]);
    assert_eq!(
        refused.stderr,
        "error: cannot verify `@acme/hello@latest` (range.malformed)\n  cause: the range is not well-formed\n  \
         cause: `latest` is not a range: a tag is not a range\n\
         hint: wanted `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, or the CID of a manifest, \
         `bafyr4i…`\n"
    );
    let help = home.run(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for command in [
        "keys", "bundle", "publish", "import", "sign", "yank", "channel", "attest", "transfer", "verify", "fetch",
        "info", "lock", "policy", "log", "serve", "witness", "run", "demo",
    ] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{}", help.stdout);
    }
}

#[test]
fn a_registry_that_is_not_there_is_exit_3() {
    let home = Home::new();
    // Nothing listens on port 1 of loopback.
    let (exit, json) = home.json(&["info", "@a/b", "--registry", "http://127.0.0.1:1"]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(3), Some("network.failed")), "{json}");
}

#[test]
fn an_npm_registry_that_is_not_there_is_exit_3() {
    let home = Home::new();
    let dir = home.package("@acme/a", "1.0.0", "import 'left-pad'; export default {};");
    write(&dir.join("package.json"), r#"{ "dependencies": { "left-pad": "1.3.0" } }"#);
    write(&dir.join(".npmrc"), "registry=http://127.0.0.1:1/\n");
    let (exit, json) = home.json(&["bundle", arg(&dir), "--out", arg(&home.path("out"))]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(3), Some("network.failed")), "{json}");
    assert!(json["error"]["hint"].is_string(), "{json}");
}

#[test]
fn a_folder_is_bundled_into_a_folder() {
    let home = Home::new();
    let dir = home.package("@acme/a", "1.0.0", "export default { fetch: () => new Response('a') };");
    let (out, again) = (home.path("out"), home.path("again"));
    let bundled = home.run(&["bundle", arg(&dir), "--out", arg(&out)]);
    assert_eq!(bundled.code, Some(0), "{bundled:?}");
    assert!(bundled.stdout.starts_with("bafyr4i") && bundled.stdout.trim().len() == 59, "{bundled:?}");
    assert!(std::fs::read_to_string(out.join("index.js")).unwrap().contains("Response"));
    let (exit, json) = home.json(&["bundle", arg(&dir), "--out", arg(&again), "--quiet"]);
    assert_eq!((exit, json["manifest"].as_str()), (Some(0), Some(bundled.stdout.trim())));
    assert_eq!(json["modules"][0]["path"], json["main"]);
    assert_eq!(
        std::fs::read(out.join("manifest.cbor")).unwrap(),
        std::fs::read(again.join("manifest.cbor")).unwrap()
    );
    let (exit, json) = home.json(&["bundle", arg(&dir), "--out", arg(&out)]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(2), Some("usage")), "nothing is overwritten");
}

#[test]
fn what_a_bundle_is_made_of_is_said() {
    let home = Home::new();
    let dir =
        home.package("@acme/a", "1.0.0", "import { b } from './b.js'; export default { fetch: () => b };");
    write(&dir.join("b.js"), "export const b = () => 'b';");
    let page = home.path("page.html");
    let table = home.run(&["bundle", arg(&dir), "--why", "--treemap", arg(&page)]);
    assert_eq!(table.code, Some(0), "{table:?}");
    assert!(table.stdout.contains("(this package)") && table.stdout.contains("in all"), "{table:?}");
    assert!(std::fs::read_to_string(&page).unwrap().contains("<svg"));
    let (exit, json) = home.json(&["bundle", arg(&dir), "--why"]);
    let sizes = json["modules"].as_array().unwrap().iter().map(|module| module["size"].as_u64().unwrap());
    assert_eq!((exit, json["why"]["bytes"].as_u64()), (Some(0), Some(sizes.sum())), "{json}");
    let (exit, json) = home.json(&["bundle", arg(&dir)]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(2), Some("usage")), "{json}");
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    let home = Home::new();
    let out = home.path("out");
    let (exit, json) = home.json(&["bundle", arg(&home.path("nowhere")), "--out", arg(&out)]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(3), Some("environment")), "{json}");
    assert!(json["error"]["hint"].as_str().is_some_and(|hint| hint.contains("`version`")), "{json}");
    let dir = home.package("@acme/a", "1.0.0", "import 'nowhere'; export default {};");
    let (exit, json) = home.json(&["bundle", arg(&dir), "--out", arg(&out)]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(1), Some("bundle.failed")), "{json}");
    write(&dir.join("cidery.toml"), "name = \"a\"\n");
    let (exit, json) = home.json(&["bundle", arg(&dir), "--out", arg(&out)]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(2), Some("usage")), "{json}");
    assert!(!out.exists());
}

#[cfg(unix)]
#[test]
fn t36_a_default_key_that_is_open_to_others_is_said_to_be() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    home.run(&["keys", "new"]);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(home.path("config/id_ed25519"), open).unwrap();
    let dir = home.package("@acme/a", "1.0.0", "export default {};");
    let (exit, json) = home.json(&["publish", arg(&dir), "--registry", "http://127.0.0.1:1"]);
    assert_eq!((exit, json["error"]["code"].as_str()), (Some(3), Some("key.unusable")), "{json}");
    assert!(json["error"]["message"].as_str().is_some_and(|message| message.contains("0644")), "{json}");
}
