//! A registry behind TLS, with a certificate of an authority that only `.npmrc` knows.

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cidery_bundler::{BundleError, Options};
use support::Project;

/// An authority, and a certificate of it for 127.0.0.1.
fn certificates(dir: &Path) {
    std::fs::write(dir.join("leaf.ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for arguments in [
        format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=test-authority"),
        format!("req {key} -keyout leaf.key -out leaf.csr -subj /CN=127.0.0.1"),
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile leaf.ext"
            .to_owned(),
    ] {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Stops when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers every request with 404.
fn serve(dir: &Path) -> (Server, String) {
    let code = "const fs = require('fs');
        const server = require('https').createServer(
          { key: fs.readFileSync('leaf.key'), cert: fs.readFileSync('leaf.pem') },
          (_, response) => { response.statusCode = 404; response.end(); });
        server.listen(0, '127.0.0.1', () => console.log(server.address().port));
        setTimeout(() => process.exit(1), 60000);";
    let mut child =
        Command::new("node").args(["-e", code]).current_dir(dir).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    (Server(child), format!("https://127.0.0.1:{}/", port.trim()))
}

#[tokio::test]
async fn only_an_authority_that_is_trusted_opens_a_registry() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let (_server, url) = serve(dir.path());
    let pem = std::fs::read_to_string(dir.path().join("ca.pem")).unwrap();
    let cafile = format!("cafile={}\n", dir.path().join("ca.pem").display());
    let inline = format!("ca=\"{}\"\n", pem.trim().replace('\n', "\\n"));
    for (npmrc, opens) in
        [(cafile.as_str(), true), (inline.as_str(), true), ("strict-ssl=false\n", true), ("", false)]
    {
        let project = Project::new(None, &[("package.json", r#"{ "dependencies": { "leaf": "1" } }"#)]);
        project.write(".npmrc", npmrc.as_bytes());
        let options = Options { registry: Some(url.clone()), ..project.options() };
        let error = cidery_bundler::packages(&project.folder(), &options, &()).await.unwrap_err();
        match error {
            // It was asked, and said that it has none.
            BundleError::NoPackage { .. } => assert!(opens, "{npmrc}"),
            BundleError::Fetch { ref reason, .. } => {
                assert!(!opens && reason.contains("certificate"), "{npmrc}: {reason}");
            }
            other => panic!("{npmrc}: {other:?}"),
        }
    }
}
