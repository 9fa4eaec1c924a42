use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error, or one that nobody sees.
pub(super) fn bar(what: &'static str, length: usize, shown: bool) -> ProgressBar {
    let target = match shown {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target);
    let style = ProgressStyle::with_template("{msg:10} {wide_bar} {pos}/{len} {per_sec} {eta}");
    bar.with_style(style.expect("the template is tested")).with_message(what)
}

/// A spinner on standard error, or one that nobody sees, for work that cannot be counted.
pub(crate) fn spinner(what: &'static str, shown: bool) -> ProgressBar {
    let spinner = if shown { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner.with_message(what)
}
