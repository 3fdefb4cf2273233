//! A service on the canvas.

mod brand;
#[cfg(test)]
mod tests;

use yew::prelude::{
    AttrValue, Callback, Classes, Html, Properties, classes, component, html, use_state_eq,
};

pub use self::brand::{BrandIcon, brand};
use crate::component::{Elapsed, Icon, Lasting, Status, StatusMark, icon::IconData};

/// Every card is as large, whatever it shows: nothing jumps.
pub const WIDTH: f64 = 248.0;
pub const HEIGHT: f64 = 128.0;

/// What a card shows.
#[derive(Clone, Debug, PartialEq)]
pub struct CardContent {
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
    Mark(BrandIcon),
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

    fn label(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::New => Some("New"),
            Self::Edited => Some("Edited"),
            Self::Removed => Some("To delete"),
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
    pub card_content: CardContent,
}

#[component]
pub fn ServiceCard(props: &ServiceCardProps) -> Html {
    let card_content = &props.card_content;
    let fails = card_content.status == Status::Failed;
    html! {
        <article class={classes!("card", card_content.staged.class(), fails.then_some("card--failed"))}>
            <header class="card-head">
                <span class="card-icon">
                    <ServiceIcon icon={card_content.icon.clone()} source={card_content.source.clone()} size={20} />
                </span>
                <div class="grow">
                    <div class="card-title">
                        <h3 class="card-name truncate" title={&card_content.name}>{ &card_content.name }</h3>
                        if let Some(word) = card_content.staged.label() {
                            <span class="card-staged">{ word }</span>
                        }
                    </div>
                    <p class="card-source truncate mono" title={&card_content.source}>
                        if let Some(icon) = card_content.source_icon {
                            <Icon {icon} size={12} />
                        }
                        { &card_content.source }
                    </p>
                </div>
            </header>
            <p class="card-address truncate">
                if let Some(reason) = card_content.reason.as_ref().filter(|_| fails) {
                    <span class="card-reason" title={reason}>{ crate::api::sentence(reason) }</span>
                } else if let Some(address) = &card_content.address {
                    <a href={format!("https://{address}")} target="_blank" rel="noopener noreferrer"
                        title={address}>{ address }</a>
                } else {
                    <span class="faint mono" title="Private address: only within the \
                        environment">{ &card_content.host }</span>
                }
            </p>
            <footer class="card-foot" title={card_content.reason.clone()}>
                <StatusMark status={card_content.status} word={card_content.word.clone()} />
                if let Some(rollout) = &card_content.rollout {
                    <RolloutMark rollout={rollout.clone()} classes="truncate" />
                } else if let Some(since) = card_content.since {
                    <span class="card-since truncate"><Lasting {since} /></span>
                }
                <span class="grow" />
                if card_content.replicas.len() > 1 && card_content.rollout.is_none() {
                    { replicas(&card_content.replicas) }
                }
            </footer>
            if !card_content.volumes.is_empty() {
                <ul class="card-volumes" aria-label="Volumes">
                    { for card_content.volumes.iter().map(|volume| html! {
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
