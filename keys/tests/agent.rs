//! The real `ssh-agent`, started on a socket of its own.
#![cfg(all(unix, feature = "agent", feature = "files"))]

mod support;

use std::{
    io::{Read, Write},
    os::unix::net::UnixListener,
    path::Path,
};

use cidery_keys::{Agent, KeyError, SecretKey, Signer, keyfile};
use cidery_protocol::{Code, PublicKey};
use support::openssh::RunningAgent;

fn hold_ed25519(running: &RunningAgent, name: &str) -> PublicKey {
    keyfile::read(&running.hold(name, "ed25519")).expect("a key file").public_key()
}

#[test]
fn an_agent_lists_its_keys_and_signs_with_one() {
    let running = RunningAgent::start();
    let agent = Agent::at(running.socket());
    assert_eq!(agent.keys().expect("an answer"), []);
    assert!(matches!(agent.only_signer(), Err(KeyError::AgentAmbiguous { held: 0 })));

    running.hold("rsa", "rsa");
    let first = hold_ed25519(&running, "first");
    let signer = agent.only_signer().expect("one key");
    assert_eq!(signer.public_key(), first);
    let second = hold_ed25519(&running, "second");
    assert!(matches!(agent.only_signer(), Err(KeyError::AgentAmbiguous { held: 2 })));
    let keys = agent.keys().expect("an answer");
    let listed: Vec<_> = keys.iter().map(|key| (key.public_key, key.comment.as_str())).collect();
    assert_eq!(listed, [(first, "first"), (second, "second")]);

    let signer: Box<dyn Signer> = Box::new(agent.signer(&second).expect("it is held"));
    for message in [&b""[..], b"message", &[7; 100_000]] {
        let signature = signer.sign(message).expect("a signature");
        assert!(second.verifies(message, &signature));
    }
    let stranger = SecretKey::from_seed(&[1; 32]).public_key();
    let error = agent.signer(&stranger).expect_err("it is not held");
    assert!(matches!(error, KeyError::AgentLacks { held: 2, .. }), "{error}");
    assert!(error.to_string().contains(&stranger.to_string()) && error.hint().is_some());
}

#[test]
fn our_files_can_be_added_to_an_agent() {
    let running = RunningAgent::start();
    let file = running.path("ours");
    let key = SecretKey::generate().expect("randomness").with_comment("ours");
    keyfile::create(&file, &key).expect("a new file");
    running.ssh_add(&[&file]);
    let signature =
        Agent::at(running.socket()).only_signer().expect("one key").sign(b"message").expect("a signature");
    assert!(key.public_key().verifies(b"message", &signature));
}

#[test]
fn an_agent_that_refuses_or_is_gone_is_said_to() {
    let mut running = RunningAgent::start();
    hold_ed25519(&running, "ours");
    let signer = Agent::at(running.socket()).only_signer().expect("one key");
    running.ssh_add(&[Path::new("-D")]);
    let error = signer.sign(b"message").expect_err("it was taken away");
    assert!(matches!(error, KeyError::AgentRefuses { .. }), "{error}");
    running.end();
    let error = signer.sign(b"message").expect_err("the agent is gone");
    assert!(matches!(error, KeyError::AgentUnreachable { .. }), "{error}");
    assert_eq!((error.code(), error.hint().is_some()), (Code::KeyUnusable, true));
    assert!(std::error::Error::source(&error).is_some());
}

/// Something that answers each request on `socket` with the next of `answers`.
fn answering(socket: &Path, answers: Vec<Vec<u8>>) -> std::thread::JoinHandle<()> {
    let listener = UnixListener::bind(socket).expect("a socket");
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut length = [0; 4];
            stream.read_exact(&mut length).expect("a length");
            let mut request = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("short")];
            stream.read_exact(&mut request).expect("a request");
            stream.write_all(&answer).expect("an answer");
        }
    })
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
}

/// No agent that is real answers so: what is in its place must not matter.
#[test]
fn t17_a_signature_is_checked_before_it_is_given_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("agent");
    let key = SecretKey::from_seed(&[1; 32]);
    let blob = [string(b"ssh-ed25519"), string(key.public_key().as_bytes())].concat();
    let listed = [&[12, 0, 0, 0, 1][..], &string(&blob), &string(b"ours")].concat();
    let signed = |signature: &[u8]| {
        let blob = [string(b"ssh-ed25519"), string(signature)].concat();
        string(&[&[14][..], &string(&blob)].concat())
    };
    let good = key.sign(b"message").expect("a signature");
    // S + L in place of S: the same signature to whom does not look.
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut malleable = *good.as_bytes();
    let mut carry = 0;
    for (byte, order) in malleable[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + order + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let other = key.sign(b"another message").expect("a signature");
    let answers = vec![
        string(&listed),
        signed(good.as_bytes()),
        signed(other.as_bytes()),
        signed(&malleable),
        signed(&[0; 64]),
        signed(&[0; 63]),
        string(&[14]),
        string(&[12, 0, 0, 0, 0]),
        string(&[]),
        vec![0xff; 4],
        vec![0, 0, 0, 9, 14],
    ];
    let thread = answering(&socket, answers);
    let signer = Agent::at(&socket).only_signer().expect("one key");
    assert_eq!(signer.sign(b"message").expect("the good one"), good);
    for _ in 0..4 {
        let error = signer.sign(b"message").expect_err("no signature of the message");
        assert!(matches!(error, KeyError::AgentSignature { .. }), "{error}");
    }
    for _ in 0..4 {
        let error = signer.sign(b"message").expect_err("no answer of the protocol");
        assert!(matches!(error, KeyError::AgentAnswer { .. }), "{error}");
    }
    assert!(matches!(signer.sign(b"message"), Err(KeyError::AgentUnreachable { .. })));
    thread.join().expect("it answered all of them");
}
