//! The parts that screens are made of: props down, callbacks up.

pub mod avatar;
pub mod badge;
pub mod banner;
pub mod button;
pub mod copy;
pub mod dialog;
pub mod empty;
pub mod field;
pub mod icon;
pub mod menu;
pub mod relative_time;
pub mod secret;
pub mod skeleton;
pub mod status;
pub mod table;
pub mod tabs;
pub mod toast;

pub use self::{
    avatar::{Avatar, AvatarStack, Person},
    badge::{Badge, Colour},
    banner::Banner,
    button::{Button, ButtonKind, IconButton},
    copy::CopyButton,
    dialog::{Confirm, Dialog},
    empty::Empty,
    field::{Checkbox, Choice, Form, Select, TextArea, TextField},
    icon::Icon,
    menu::{Menu, MenuAt, MenuItem},
    relative_time::{Elapsed, Lasting, Now, RelativeTime, duration},
    secret::{Secrecy, SecretValue},
    skeleton::Skeleton,
    status::{Status, StatusMark},
    table::{Column, Table},
    tabs::{Tab, Tabs},
    toast::{Toast, ToastKind, ToastProvider, Toasts, use_toasts},
};

#[cfg(test)]
mod tests;
