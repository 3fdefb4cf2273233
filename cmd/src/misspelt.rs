//! Settings in the environment whose names nobody reads.

use crate::{args::Arguments, nearest::nearest};
use clap::{Command, CommandFactory};
use std::collections::BTreeSet;

/// Variables of the environment that look like a setting misspelt, in words: silence would hide the
/// error. They are not refused, since Kubernetes and others set some of their own (`EASEL_PORT`).
pub(crate) fn misspelt(names: &[String]) -> Vec<String> {
    let mut known = BTreeSet::from(["EASEL_API_KEY".to_owned()]);
    gather(&Arguments::command(), &mut known);
    names
        .iter()
        .filter(|name| !known.contains(*name))
        .filter_map(|name| {
            let known = known.iter().map(|name| name.trim_start_matches("EASEL_"));
            let meant = nearest(name.trim_start_matches("EASEL_"), known)?;
            let what = "in the environment is no setting: did you mean";
            Some(format!("{name} {what} EASEL_{meant}?"))
        })
        .collect()
}

/// All variables that some flag of this command or of one below it can be given by.
fn gather(command: &Command, known: &mut BTreeSet<String>) {
    let names = command.get_arguments().filter_map(|one| one.get_env());
    known.extend(names.map(|name| name.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|command| gather(command, known));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_of_the_environment_is_told() {
        let names = ["EASEL_DATA_DRI", "EASEL_ADDR", "EASEL_API_KEY", "EASEL_SERVICE_PORT_HTTP"];

        let told = misspelt(&names.map(String::from));

        let [only] = &told[..] else { panic!("{told:?}") };
        assert!(only.contains("EASEL_DATA_DRI") && only.contains("EASEL_DATA_DIR"), "{only}");
    }
}
