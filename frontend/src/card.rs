//! A service on the canvas.

mod brand;
#[cfg(test)]
mod tests;

use yew::prelude::{
    AttrValue, Callback, Classes, Html, Properties, classes, component, html, use_state_eq,
};

pub use self::brand::{Mark, brand};
use crate::component::{Elapsed, Icon, RelativeTime, Status, StatusMark, icon::IconData};

/// Every card is as large, whatever it shows: nothing jumps.
pub const WIDTH: f64 = 248.0;
pub const HEIGHT: f64 = 128.0;

/// What a card shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    pub name: AttrValue,
    pub icon: CardIcon,
    /// What runs: the image, or branch and commit.
    pub source: AttrValue,
    pub source_icon: Option<IconData>,
    pub status: Status,
    /// The state in the platform's own words: "Crashed", "Building 3 of 9".
    pub word: AttrValue,
    /// Why, in a sentence: for what failed or is degraded.
    pub reason: Option<AttrValue>,
    /// Since when, in milliseconds since the Unix epoch.
    pub since: Option<i64>,
    /// A newer deployment that does not serve yet.
    pub rollout: Option<Rollout>,
    pub replicas: Vec<Status>,
    pub volumes: Vec<AttrValue>,
    /// The public address.
    pub address: Option<AttrValue>,
    /// The name on the private network.
    pub host: AttrValue,
    pub staged: CardChange,
}

/// A newer deployment beside what serves: "Running · Starting 32 s".
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// Empty when the card's own word says it.
    pub word: AttrValue,
    /// When it began, or failed, in milliseconds since the Unix epoch.
    pub since: i64,
    pub is_failed: bool,
}

/// The picture of a card.
#[derive(Clone, Debug, PartialEq)]
pub enum CardIcon {
    Mark(Mark),
    /// An address that a person has chosen.
    Picture(AttrValue),
}

/// What waits to be applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardChange {
    #[default]
    Nothing,
    New,
    Edited,
    Removed,
}

impl CardChange {
    fn class(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::New => Some("card--new"),
            Self::Edited => Some("card--edited"),
            Self::Removed => Some("card--removed"),
        }
    }

    fn word(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::New => Some("New"),
            Self::Edited => Some("Edited"),
            Self::Removed => Some("To remove"),
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct RolloutMarkProps {
    pub rollout: Rollout,
    #[prop_or_default]
    pub classes: Classes,
}

/// What is on its way: its word, and for how long it has been.
#[component]
pub fn RolloutMark(props: &RolloutMarkProps) -> Html {
    let RolloutMarkProps { rollout, classes } = props;
    let failed = rollout.is_failed.then_some("card-rollout--failed");
    html! {
        <span class={classes!("card-rollout", failed, classes.clone())}>
            if !rollout.word.is_empty() {
                { "· " }{ &rollout.word }{ " " }
            }
            if !rollout.is_failed {
                <Elapsed since={rollout.since} />
            }
        </span>
    }
}

#[derive(Properties, PartialEq)]
pub struct ServiceCardProps {
    pub face: Face,
}

#[component]
pub fn ServiceCard(props: &ServiceCardProps) -> Html {
    let face = &props.face;
    let fails = face.status == Status::Failed;
    html! {
        <article class={classes!("card", face.staged.class(), fails.then_some("card--failed"))}>
            <header class="card-head">
                <span class="card-icon">
                    <ServiceIcon icon={face.icon.clone()} source={face.source.clone()} size={20} />
                </span>
                <div class="grow">
                    <div class="card-title">
                        <h3 class="card-name truncate" title={&face.name}>{ &face.name }</h3>
                        if let Some(word) = face.staged.word() {
                            <span class="card-staged">{ word }</span>
                        }
                    </div>
                    <p class="card-source truncate mono" title={&face.source}>
                        if let Some(icon) = face.source_icon {
                            <Icon {icon} size={12} />
                        }
                        { &face.source }
                    </p>
                </div>
            </header>
            <p class="card-address truncate">
                if let Some(reason) = face.reason.as_ref().filter(|_| fails) {
                    <span class="card-reason" title={reason}>{ crate::api::sentence(reason) }</span>
                } else if let Some(address) = &face.address {
                    <a href={format!("https://{address}")} target="_blank" rel="noopener noreferrer"
                        title={address}>{ address }</a>
                } else {
                    <span class="faint mono" title="Only within the environment">{ &face.host }</span>
                }
            </p>
            <footer class="card-foot" title={face.reason.clone()}>
                <StatusMark status={face.status} word={face.word.clone()} />
                if let Some(rollout) = &face.rollout {
                    <RolloutMark rollout={rollout.clone()} classes="truncate" />
                } else if let Some(at) = face.since {
                    <span class="card-since truncate"><RelativeTime {at} /></span>
                }
                <span class="grow" />
                if face.replicas.len() > 1 && face.rollout.is_none() {
                    { replicas(&face.replicas) }
                }
            </footer>
            if !face.volumes.is_empty() {
                <ul class="card-volumes" aria-label="Volumes">
                    { for face.volumes.iter().map(|volume| html! {
                        <li key={volume.to_string()} class="card-volume">
                            <Icon icon={icondata_lu::LuHardDrive} size={12} />
                            <span class="truncate mono" title={volume}>{ volume }</span>
                        </li>
                    }) }
                </ul>
            }
        </article>
    }
}

#[derive(Properties, PartialEq)]
pub struct ServiceIconProps {
    pub icon: CardIcon,
    /// What runs: its mark stands in for a picture that cannot be loaded.
    pub source: AttrValue,
    pub size: u16,
}

#[component]
pub fn ServiceIcon(props: &ServiceIconProps) -> Html {
    let ServiceIconProps { icon, source, size } = props;
    let broken = use_state_eq(|| None::<AttrValue>);
    match icon {
        CardIcon::Mark(mark) => mark.draw(*size),
        CardIcon::Picture(address) if broken.as_ref() == Some(address) => brand(source).draw(*size),
        CardIcon::Picture(address) => {
            let onerror = Callback::from({
                let (broken, address) = (broken.setter(), address.clone());
                move |_| broken.set(Some(address.clone()))
            });
            let size = size.to_string();
            html! {
                <img src={address} alt="" width={size.clone()} height={size} loading="lazy"
                    referrerpolicy="no-referrer" {onerror} />
            }
        }
    }
}

/// A dot for each replica, up to six; read out as a count.
fn replicas(all: &[Status]) -> Html {
    const MOST: usize = 6;

    let live = all.iter().filter(|status| **status == Status::Live).count();
    let label = format!("{live} of {} replicas running", all.len());
    html! {
        <span class="card-replicas" role="img" aria-label={label.clone()} title={label}>
            { for all.iter().take(MOST).enumerate().map(|(at, status)| html! {
                <i key={at} class={classes!("replica", format!("replica--{}", status.name()))} />
            }) }
            if all.len() > MOST {
                <span class="faint">{ format!("+{}", all.len() - MOST) }</span>
            }
        </span>
    }
}
