//! What the engine says, in sentences of our own.
//!
//! Its words hold paths of the host, addresses and whatever a program or a registry has answered. So they are
//! recognised here, and never passed on: whoever operates the engine finds them in its own log.

/// Words of the engine (in lower case), and what they mean.
type Words = (&'static [&'static str], &'static str);

/// What comes of an earlier run of the same container, of which something was left behind.
const UNSTARTABLE: &[Words] = &[
    (&["task", "already exists"], "something of an earlier run is left"),
    (&["id already in use"], "something of an earlier run is left"),
    (&["container with id exists"], "something of an earlier run is left"),
    (&["container with given id already exists"], "something of an earlier run is left"),
    (&["container", "already exists: unknown"], "something of an earlier run is left"),
    (&["failed to create", "shim", "file exists"], "something of an earlier run is left"),
    (&["mkdir /run/", "file exists"], "something of an earlier run is left"),
    (&["cannot start a stopped process"], "an earlier run has not ended cleanly"),
    (&["cannot start a container that has stopped"], "an earlier run has not ended cleanly"),
    (&["rwlayer", "unexpectedly nil"], "its files are gone"),
    (&["is marked for removal"], "it is being removed"),
    (&["is dead or marked for removal"], "it is being removed"),
];

/// What ends by itself.
const BUSY: &[Words] = &[
    (&["already in progress"], "it is at it already"),
    (&["address already in use"], "the address is not free yet"),
    (&["has active endpoints"], "the network has containers on it"),
    (&["volume is in use"], "the volume is in use"),
];

/// What else the engine refuses, the more telling words first.
const REFUSALS: &[Words] = &[
    (&["executable file not found"], "the command is not in the image"),
    (&["exec format error"], "the image, or its command, is not made for this host's CPU"),
    (&["no command specified"], "neither the image nor the service names a command"),
    (&["unable to find user"], "the image names a user that it does not have"),
    (&["unable to find group"], "the image names a group that it does not have"),
    (&["no matching entries in passwd"], "the image names a user that it does not have"),
    (&["chdir to cwd"], "the image's working folder cannot be entered"),
    (&["directory onto a file"], "a volume is mounted where the image has a file"),
    (&["mount", "not a directory"], "a volume is mounted where the image has a file"),
    (&["exec: ", "permission denied"], "the command may not be executed"),
    (&["exec: ", "is a directory"], "the command is a folder"),
    (&["exec: ", "no such file"], "the command is not in the image"),
    (&["no space left"], "its disk is full; free some space"),
    (&["disk quota exceeded"], "its disk is full; free some space"),
    (&["minimum memory limit"], "the memory limit is too low"),
    (&["memory limit too low"], "the memory limit is too low to start it"),
    (&["oom-killed"], "the memory limit is too low to start it"),
    (&["oom killed"], "the memory limit is too low to start it"),
    (&["memory limit should be smaller"], "it does not change the memory limit alone"),
    (&["memory.limit_in_bytes", "busy"], "more memory is in use than the new limit allows"),
    (&["cannot allocate memory"], "the host has no memory left"),
    (&["range of cpus"], "the host has fewer CPUs than the limit"),
    (&["max_user_instances"], "the host's fs.inotify.max_user_instances is used up; raise it"),
    (&["inotify"], "the host's fs.inotify.max_user_instances is used up; raise it"),
    (&["fsnotify"], "the host's fs.inotify.max_user_instances is used up; raise it"),
    (&["too many open files"], "it has too many files open; raise its limit (LimitNOFILE)"),
    (&["resource temporarily unavailable"], "the host starts no more processes"),
    (&["no available ip"], "no address of the network is free"),
    (&["could not find an available"], "it has no addresses left for networks"),
    (&["iptables"], "it could not set its rules for the network; restart it"),
    (&["external connectivity"], "it could not open a port of the host"),
    (&["read-only file system"], "the host's file system is read-only"),
    (&["input/output error"], "the host's disk has errors"),
    (&["cgroup"], "it could not set up what limits a container (cgroup)"),
    (&["context deadline exceeded"], "a part of it did not answer in time"),
    (&["connection error"], "its containerd did not answer"),
    (&["transport is closing"], "its containerd did not answer"),
    (&["shim"], "its containerd could not start the container"),
    (&["invalid reference format"], "it cannot read the name of the image"),
];

fn find(table: &[Words], message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let fits = |(words, _): &&Words| words.iter().all(|words| message.contains(words));
    table.iter().find(fits).map(|(_, sentence)| *sentence)
}

/// Why a container cannot be started any more, if that is what the engine says: for the sentence "the engine
/// cannot start this container again: …".
pub(super) fn unstartable(message: &str) -> Option<&'static str> {
    find(UNSTARTABLE, message)
}

/// Why it has to wait, if that is what the engine says: for the sentence "the engine is busy: …".
pub(super) fn busy(message: &str) -> Option<&'static str> {
    find(BUSY, message)
}

/// For the sentence "the engine refused: …".
pub(super) fn refusal(message: &str, status: Option<u16>) -> String {
    match (find(UNSTARTABLE, message).or_else(|| find(REFUSALS, message)), status) {
        (Some(sentence), _) => sentence.to_owned(),
        (None, Some(status)) => format!("HTTP {status}; its own log says why"),
        (None, None) => "it failed; its own log says why".to_owned(),
    }
}

/// For the sentence "the engine does not have …": the engine says "No such container: 4ab2".
pub(super) fn missing(message: &str) -> String {
    let named = match message.split_once("No such ") {
        Some((_, what)) => what.split_once(": "),
        None => message.strip_suffix(" not found").and_then(|what| what.split_once(' ')),
    };
    let is_name = |name: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        (1..=128).contains(&name.len()) && name.bytes().all(allowed)
    };
    match named {
        Some((kind @ ("container" | "network" | "volume"), name)) if is_name(name) => {
            format!("{kind} {name}")
        }
        _ => "what it was asked for".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // What engines of several ages have said after they, or containerd, were killed.
    #[test]
    fn a_start_that_is_refused_for_the_containers_own_past_is_known_as_such() {
        for message in [
            "task 7f3a already exists: unknown",
            "failed to create task for container: task 7f3a: already exists",
            "failed to create shim task: OCI runtime create failed: container with id exists: 7f3a: unknown",
            "OCI runtime create failed: runc create failed: container with given ID already exists: unknown",
            "container \"7f3a\": already exists: unknown",
            "id already in use",
            "failed to create shim: mkdir /run/containerd/io.containerd.runtime.v2.task/moby/7f3a: file exists: unknown",
            "OCI runtime start failed: cannot start a container that has stopped: unknown",
            "container is marked for removal and cannot be started",
            "RWLayer of container 7f3a is unexpectedly nil",
        ] {
            assert!(unstartable(message).is_some(), "{message}");
        }
        for message in [
            "OCI runtime create failed: exec: \"nope\": executable file not found in $PATH: unknown",
            "driver failed programming external connectivity on endpoint web",
            "network with name web already exists",
            "",
        ] {
            assert_eq!(unstartable(message), None, "{message}");
        }
    }

    // S33
    #[test]
    fn what_the_engine_says_is_told_in_our_words_alone() {
        let cases = [
            (
                "OCI runtime create failed: exec: \"CANARY\": executable file not found in $PATH",
                "not in the image",
            ),
            (
                "OCI runtime create failed: exec: \"/CANARY\": permission denied: unknown",
                "may not be executed",
            ),
            ("exec user process caused: exec format error CANARY", "CPU"),
            ("mkdir /var/lib/docker/CANARY: no space left on device", "disk is full"),
            ("Minimum memory limit allowed is 6MB CANARY", "memory limit"),
            ("failed to create fsnotify watcher: too many open files CANARY", "max_user_instances"),
            ("accept: too many open files CANARY", "LimitNOFILE"),
            ("CANARY", "HTTP 500; its own log says why"),
        ];
        for (message, expected) in cases {
            let told = refusal(message, Some(500));
            assert!(told.contains(expected) && !told.contains("CANARY"), "{message}: {told}");
        }
        assert!(!refusal("CANARY", None).contains("CANARY"));
    }

    #[test]
    fn only_names_of_objects_are_repeated() {
        assert_eq!(missing("No such container: 4ab2"), "container 4ab2");
        assert_eq!(missing("network easel-1-2 not found"), "network easel-1-2");
        for strange in ["No such image: reg/x:1", "page not found", "No such container: a b", ""] {
            assert_eq!(missing(strange), "what it was asked for", "{strange}");
        }
    }
}
