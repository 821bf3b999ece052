//! `stormglass --generate`: completions for shells, and the manual page, from the command line as it is.

use super::{Arguments, Exit};
use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use std::io;

/// What can be generated.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Generated {
    /// Completions for bash
    CompleteBash,
    /// Completions for zsh
    CompleteZsh,
    /// Completions for fish
    CompleteFish,
    /// The manual page, in roff
    Man,
}

/// Writes it to standard output.
pub fn write(what: Generated) -> anyhow::Result<Exit> {
    let text = match what {
        Generated::CompleteBash => completions(Shell::Bash),
        Generated::CompleteZsh => completions(Shell::Zsh),
        Generated::CompleteFish => completions(Shell::Fish),
        Generated::Man => manual(Arguments::command())?,
    };
    super::print(text)?;
    Ok(Exit::Valid)
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    generate(shell, &mut Arguments::command(), "stormglass", &mut text);
    text
}

/// One page: the command with its exit codes, then a part for each of its subcommands.
fn manual(mut command: Command) -> io::Result<Vec<u8>> {
    command.build();
    let mut text = Vec::new();
    let page = Man::new(command.clone());
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    text.extend(as_written(&page, "EXIT STATUS")?);
    for sub in command
        .get_subcommands()
        .filter(|it| it.get_name() != "help")
    {
        let mut part = Vec::new();
        let page = Man::new(sub.clone());
        page.render_synopsis_section(&mut part)?;
        page.render_description_section(&mut part)?;
        page.render_options_section(&mut part)?;
        part.extend(as_written(&page, "EXAMPLES")?);
        let part = String::from_utf8_lossy(&part).replace("\n.SH ", "\n.SS ");
        let name = sub.get_name().to_uppercase();
        text.extend_from_slice(format!(".SH \"STORMGLASS {name}\"\n{part}").as_bytes());
    }
    Ok(text)
}

/// What the help of a command ends with, under a title and line by line: it is laid out already.
fn as_written(page: &Man, title: &str) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render_extra_section(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let text = text.replace(".SH EXTRA\n", &format!(".SH \"{title}\"\n.nf\n"));
    Ok(format!("{text}\n.fi\n").into_bytes())
}
