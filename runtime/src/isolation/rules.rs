//! The rules as text and arguments.

use ipnet::Ipv4Net;
use std::{collections::BTreeSet, net::Ipv4Addr, net::UdpSocket};

/// What goes to the host itself.
const TO_HOST: &str = "EASEL-HOST";
/// What goes through the host to somewhere else.
const THROUGH: &str = "EASEL-FORWARD";

/// Asks for the last rule of each chain.
pub(super) const LAST: [&[&str]; 2] =
    [&["-C", TO_HOST, "-j", "REJECT"], &["-C", THROUGH, "-d", "169.254.0.0/16", "-j", "REJECT"]];

/// Both chains. They are the same for every instance of Easel on a host, so that these share them.
pub(super) fn chains(nameservers: &[Ipv4Addr]) -> String {
    let mut text = format!("*filter\n:{TO_HOST} - [0:0]\n:{THROUGH} - [0:0]\n");
    let mut rule = |chain: &str, rule: &str| text.push_str(&format!("-A {chain} {rule}\n"));
    for chain in [TO_HOST, THROUGH] {
        rule(chain, "-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN");
    }
    for nameserver in nameservers {
        for protocol in ["udp", "tcp"] {
            rule(TO_HOST, &format!("-d {nameserver} -p {protocol} --dport 53 -j RETURN"));
        }
    }
    rule(TO_HOST, "-j REJECT");
    // A port of the host that was published for somebody else's container.
    rule(THROUGH, "-m conntrack --ctstate DNAT -j REJECT");
    rule(THROUGH, "-d 169.254.0.0/16 -j REJECT");
    text.push_str("COMMIT\n");
    text
}

/// What leads packets to a chain, or to their end at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Jump {
    from: &'static str,
    rule: Vec<String>,
    /// Whether containers are kept from the host only with it.
    pub(super) is_needed: bool,
}

impl Jump {
    fn arguments(&self, verb: &str, place: Option<&str>) -> Vec<String> {
        let words = [Some(verb), Some(self.from), place].into_iter().flatten();
        words.map(str::to_owned).chain(self.rule.iter().cloned()).collect()
    }

    pub(super) fn check(&self) -> Vec<String> {
        self.arguments("-C", None)
    }

    /// Before all others: what comes first, counts.
    pub(super) fn insert(&self) -> Vec<String> {
        self.arguments("-I", Some("1"))
    }

    pub(super) fn delete(&self) -> Vec<String> {
        self.arguments("-D", None)
    }
}

/// For each network, where its packets go. By their addresses: a container cannot give itself another one,
/// and a network keeps its addresses when it is made anew.
pub(super) fn jumps(forward: &'static str, subnets: &BTreeSet<Ipv4Net>) -> Vec<Jump> {
    let jump = |from, is_needed, words: &[&str]| Jump {
        from,
        rule: words.iter().map(|&word| word.to_owned()).collect(),
        is_needed,
    };
    subnets
        .iter()
        .flat_map(|subnet| {
            let subnet = subnet.to_string();
            let bridged = ["-m", "physdev", "!", "--physdev-is-bridged"];
            let elsewhere = ["-s", &subnet, "-d", &subnet];
            [
                // Whoever uses the host's address on such a network is the host itself.
                jump("INPUT", true, &["-s", &subnet, "!", "-i", "lo", "-j", TO_HOST]),
                jump(forward, true, &["-s", &subnet, "-j", THROUGH]),
                // Engines keep their networks apart, unless they were told not to write rules. What stays
                // on one network may pass here as well.
                jump(
                    forward,
                    false,
                    &[&elsewhere[..], &bridged[..], &["-j", "REJECT"][..]].concat(),
                ),
            ]
        })
        .collect()
}

/// The nameservers of a `resolv.conf` that are this host's own addresses: those a container may ask.
pub(super) fn own_nameservers(resolv_conf: &str) -> Vec<Ipv4Addr> {
    let servers = resolv_conf.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next().filter(|&word| word == "nameserver")?;
        words.next()?.parse::<Ipv4Addr>().ok()
    });
    servers
        .filter(|server| !server.is_loopback() && UdpSocket::bind((*server, 0)).is_ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnets() -> BTreeSet<Ipv4Net> {
        BTreeSet::from(["10.208.0.0/12".parse().unwrap()])
    }

    // S42
    #[test]
    fn answers_and_names_pass_and_all_else_to_the_host_does_not() {
        let text = chains(&[Ipv4Addr::new(192, 168, 1, 5)]);

        insta::assert_snapshot!(text, @r"
        *filter
        :EASEL-HOST - [0:0]
        :EASEL-FORWARD - [0:0]
        -A EASEL-HOST -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
        -A EASEL-FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
        -A EASEL-HOST -d 192.168.1.5 -p udp --dport 53 -j RETURN
        -A EASEL-HOST -d 192.168.1.5 -p tcp --dport 53 -j RETURN
        -A EASEL-HOST -j REJECT
        -A EASEL-FORWARD -m conntrack --ctstate DNAT -j REJECT
        -A EASEL-FORWARD -d 169.254.0.0/16 -j REJECT
        COMMIT
        ");
    }

    #[test]
    fn a_jump_is_looked_for_written_and_taken_away_by_the_same_words() {
        let jumps = jumps("DOCKER-USER", &subnets());

        assert_eq!(jumps.len(), 3);
        assert_eq!(
            jumps[0].insert().join(" "),
            "-I INPUT 1 -s 10.208.0.0/12 ! -i lo -j EASEL-HOST"
        );
        assert_eq!(jumps[1].check().join(" "), "-C DOCKER-USER -s 10.208.0.0/12 -j EASEL-FORWARD");
        assert_eq!(jumps[1].delete().join(" "), "-D DOCKER-USER -s 10.208.0.0/12 -j EASEL-FORWARD");
        assert_eq!(
            jumps[2].check().join(" "),
            "-C DOCKER-USER -s 10.208.0.0/12 -d 10.208.0.0/12 -m physdev ! --physdev-is-bridged -j REJECT"
        );
    }

    #[test]
    fn only_nameservers_of_this_host_are_let_through() {
        let text =
            "# one\nnameserver 127.0.0.53\nnameserver 192.0.2.77\nnameserver ::1\nsearch x\n";

        assert_eq!(own_nameservers(text), [] as [Ipv4Addr; 0]);
    }
}
