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
