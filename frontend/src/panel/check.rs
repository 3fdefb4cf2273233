//! How one tells that a service is ready: saved as one form.

use domain::{
    Address, Command, Content, Field, HealthCheck, PortNumber, Probe, ServiceId,
    edit::Edit,
    readiness::{CheckTiming, HttpPath},
};
use yew::prelude::{Callback, Html, Properties, component, html, use_state};

use super::setting::StagedBadge;
use crate::{
    api::{ApiError, use_async_action},
    component::{Button, ButtonKind, Choice, Form, Select, TextField},
    live::watch::use_live_canvas,
    project::add::wrong,
};

#[derive(Properties, PartialEq)]
pub(super) struct CheckSettingProps {
    pub(super) id: ServiceId,
    pub(super) check: HealthCheck,
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
    fn of(check: &HealthCheck) -> Self {
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

    fn read(&self, pace: CheckTiming) -> Result<HealthCheck, ApiError> {
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
        Ok(HealthCheck { probe, pace })
    }
}

#[component]
pub(super) fn CheckSetting(props: &CheckSettingProps) -> Html {
    let live = use_live_canvas();
    let action = use_async_action();
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
        let (live, action, typed) = (live.clone(), action.clone(), typed.clone());
        let (address, pace) = (address.clone(), props.check.pace);
        Callback::from(move |()| match typed.read(pace) {
            Err(error) => action.refuse(error),
            Ok(check) => {
                let (live, address) = (live.clone(), address.clone());
                let edit = Edit::Set { address, content: Content::Check(check) };
                action.start(async move { live.stage(vec![edit]).await }, |_| ());
            }
        })
    };
    let shown = ["port", "path", "command", "start", "deadline"];
    let is_dirty = *typed != was;
    html! {
        <Form {on_submit} label="Health check" error={action.other_errors(&shown)}>
            <Select id="check" label="Health check" value={typed.kind.clone()} disabled={!props.may_edit}
                choices={vec![
                    Choice::new("automatic", "Automatic: its port answers, or it stays up"),
                    Choice::new("http", "HTTP: a page answers"),
                    Choice::new("tcp", "TCP: a port answers"),
                    Choice::new("command", "Command: it exits with 0"),
                ]}
                on_change={field(|typed, text| typed.kind = text)} />
            if matches!(typed.kind.as_str(), "tcp" | "http") {
                <TextField id="check-port" label="Port" mono=true value={typed.port.clone()} error={action.field("port")}
                    disabled={!props.may_edit} on_input={field(|typed, text| typed.port = text)} />
            }
            if typed.kind == "http" {
                <TextField id="check-path" label="Path" mono=true value={typed.path.clone()} error={action.field("path")}
                    disabled={!props.may_edit} on_input={field(|typed, text| typed.path = text)} />
            }
            if typed.kind == "command" {
                <TextField id="check-command" label="Command in the container" mono=true value={typed.command.clone()}
                    error={action.field("command")} disabled={!props.may_edit}
                    on_input={field(|typed, text| typed.command = text)} />
            }
            <details class="more">
                <summary>{ "Timing" }</summary>
                <div class="stack">
                    <TextField id="check-start" label="Start period, in seconds" kind="number"
                        value={typed.start.clone()} error={action.field("start")} disabled={!props.may_edit}
                        on_input={field(|typed, text| typed.start = text)} />
                    <TextField id="check-deadline" label="Deadline, in seconds" kind="number"
                        value={typed.deadline.clone()} error={action.field("deadline")} disabled={!props.may_edit}
                        on_input={field(|typed, text| typed.deadline = text)} />
                </div>
            </details>
            if is_dirty {
                <div class="row">
                    <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()}>{ "Stage health check" }</Button>
                    <Button kind={ButtonKind::Bare} onclick={Callback::from({
                        let typed = typed.setter();
                        move |_| typed.set(was.clone())
                    })}>{ "Cancel" }</Button>
                </div>
            } else {
                <StagedBadge {address} />
            }
        </Form>
    }
}
