//! How one tells that a service is ready: saved as one form.

use domain::{
    Address, Check, Command, Content, Field, PortNumber, Probe, ServiceId,
    edit::Edit,
    readiness::{HttpPath, Pace},
};
use yew::prelude::{Callback, Html, Properties, component, html, use_state};

use super::setting::Mark;
use crate::{
    api::{ApiError, use_deed},
    component::{Button, ButtonKind, Choice, Form, Select, TextField},
    live::watch::use_live,
    project::add::wrong,
};

#[derive(Properties, PartialEq)]
pub(super) struct CheckSettingProps {
    pub(super) id: ServiceId,
    pub(super) check: Check,
    pub(super) may_edit: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Typed {
    kind: String,
    port: String,
    path: String,
    command: String,
    start: String,
    deadline: String,
}

impl Typed {
    fn of(check: &Check) -> Self {
        let mut typed = Self {
            kind: "automatic".into(),
            port: String::new(),
            path: "/".into(),
            command: String::new(),
            start: check.pace.start_period().as_secs().to_string(),
            deadline: check.pace.deadline().as_secs().to_string(),
        };
        match &check.probe {
            Probe::Automatic => (),
            Probe::Tcp { port } => (typed.kind, typed.port) = ("tcp".into(), port.to_string()),
            Probe::Http { port, path } => {
                (typed.kind, typed.port, typed.path) =
                    ("http".into(), port.to_string(), path.to_string());
            }
            Probe::Command { command } => {
                (typed.kind, typed.command) = ("command".into(), command.to_string());
            }
        }
        typed
    }

    fn read(&self, pace: Pace) -> Result<Check, ApiError> {
        let port = || -> Result<PortNumber, ApiError> {
            self.port.trim().parse().map_err(|_| wrong("port", "must be a port from 1 to 65535"))
        };
        let probe = match self.kind.as_str() {
            "tcp" => Probe::Tcp { port: port()? },
            "http" => {
                let path = HttpPath::try_from(self.path.trim());
                Probe::Http {
                    port: port()?,
                    path: path.map_err(|rule| wrong("path", &rule.to_string()))?,
                }
            }
            "command" => {
                let command = self.command.trim().parse::<Command>();
                Probe::Command {
                    command: command.map_err(|rule| wrong("command", &rule.to_string()))?,
                }
            }
            _ => Probe::Automatic,
        };
        let seconds = |field: &str, text: &str| -> Result<u32, ApiError> {
            text.trim().parse().map_err(|_| wrong(field, "must be a number of seconds"))
        };
        let start_period = seconds("start", &self.start)?;
        let deadline = seconds("deadline", &self.deadline)?;
        let pace = pace.within(start_period, deadline);
        let pace = pace.map_err(|rule| wrong("deadline", &rule.to_string()))?;
        Ok(Check { probe, pace })
    }
}

#[component]
pub(super) fn CheckSetting(props: &CheckSettingProps) -> Html {
    let live = use_live();
    let deed = use_deed();
    let was = Typed::of(&props.check);
    let typed = use_state(|| was.clone());
    let address = Address::ServiceField(props.id, Field::Check);
    let field = |set: fn(&mut Typed, String)| {
        let typed = typed.clone();
        Callback::from(move |text: String| {
            let mut next = (*typed).clone();
            set(&mut next, text);
            typed.set(next);
        })
    };
    let on_submit = {
        let (live, deed, typed) = (live.clone(), deed.clone(), typed.clone());
        let (address, pace) = (address.clone(), props.check.pace);
        Callback::from(move |()| match typed.read(pace) {
            Err(error) => deed.refuse(error),
            Ok(check) => {
                let (live, address) = (live.clone(), address.clone());
                let edit = Edit::Set { address, content: Content::Check(check) };
                deed.start(async move { live.stage(vec![edit]).await }, |_| ());
            }
        })
    };
    let shown = ["port", "path", "command", "start", "deadline"];
    let is_dirty = *typed != was;
    html! {
        <Form {on_submit} label="Health check" error={deed.beside(&shown)}>
            <Select id="check" label="Health check" value={typed.kind.clone()} disabled={!props.may_edit}
                choices={vec![
                    Choice::new("automatic", "Automatic: its port answers, or it stays up"),
                    Choice::new("http", "HTTP: a page answers"),
                    Choice::new("tcp", "TCP: a port answers"),
                    Choice::new("command", "Command: it exits with 0"),
                ]}
                on_change={field(|typed, text| typed.kind = text)} />
            if matches!(typed.kind.as_str(), "tcp" | "http") {
                <TextField id="check-port" label="Port" mono=true value={typed.port.clone()} error={deed.field("port")}
                    disabled={!props.may_edit} on_input={field(|typed, text| typed.port = text)} />
            }
            if typed.kind == "http" {
                <TextField id="check-path" label="Path" mono=true value={typed.path.clone()} error={deed.field("path")}
                    disabled={!props.may_edit} on_input={field(|typed, text| typed.path = text)} />
            }
            if typed.kind == "command" {
                <TextField id="check-command" label="Command in the container" mono=true value={typed.command.clone()}
                    error={deed.field("command")} disabled={!props.may_edit}
                    on_input={field(|typed, text| typed.command = text)} />
            }
            <details class="more">
                <summary>{ "Patience" }</summary>
                <div class="stack">
                    <TextField id="check-start" label="Failures do not count for, in seconds" kind="number"
                        value={typed.start.clone()} error={deed.field("start")} disabled={!props.may_edit}
                        on_input={field(|typed, text| typed.start = text)} />
                    <TextField id="check-deadline" label="Ready within, in seconds" kind="number"
                        value={typed.deadline.clone()} error={deed.field("deadline")} disabled={!props.may_edit}
                        on_input={field(|typed, text| typed.deadline = text)} />
                </div>
            </details>
            if is_dirty {
                <div class="row">
                    <Button kind={ButtonKind::Primary} submits=true busy={deed.is_busy()}>{ "Save health check" }</Button>
                    <Button kind={ButtonKind::Bare} onclick={Callback::from({
                        let typed = typed.setter();
                        move |_| typed.set(was.clone())
                    })}>{ "Cancel" }</Button>
                </div>
            } else {
                <Mark {address} />
            }
        </Form>
    }
}
