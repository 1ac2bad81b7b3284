# A program on a terminal of its own, and the person who types there.
package Fastchat::Terminal;

use strict;
use warnings;
use Fcntl qw(O_NOCTTY O_RDWR);
use IO::Select;
use POSIX ();

# ioctl_tty(2)
my ($TIOCSPTLCK, $TIOCGPTN, $TIOCSCTTY) = (0x40045431, 0x80045430, 0x540E);

# Runs `code`, which is to end in an exec, as a shell runs a command: in the foreground, in a process group of its own.
# Returns undef if this system has no terminals.
sub new {
    my ($class, $code) = @_;
    my $number = pack 'i', 0;
    sysopen my $keyboard, '/dev/ptmx', O_RDWR | O_NOCTTY or return undef;
    ioctl $keyboard, $TIOCSPTLCK, $number                or die "unlock: $!\n";
    ioctl $keyboard, $TIOCGPTN, $number                  or die "number: $!\n";
    my $path = '/dev/pts/' . unpack 'i', $number;
    sysopen my $terminal, $path, O_RDWR | O_NOCTTY or die "$path: $!\n";
    pipe my $from, my $to                          or die "pipe: $!\n";
    my $shell = fork // die "fork: $!\n";
    _shell($terminal, $code, $to) if $shell == 0;
    close $to;
    my ($program) = (readline($from) // '') =~ /^([1-9]\d*)$/ or die "the program was not started\n";
    return bless { keyboard => $keyboard, terminal => $terminal, shell => $shell, program => $program, text => '' },
        $class;
}

# Starts the program and waits for its end. Writes its pid to a pipe.
sub _shell {
    my ($terminal, $code, $to) = @_;
    POSIX::setsid();
    ioctl $terminal, $TIOCSCTTY, 0 or POSIX::_exit(126);
    local $SIG{TTOU} = 'IGNORE';
    my $pid = fork // POSIX::_exit(126);
    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        POSIX::tcsetpgrp(fileno $terminal, $$);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP QUIT TTOU);
        open STDIN, '<&', $terminal;
        open STDOUT, '>&', $terminal;
        open STDERR, '>&', $terminal;
        close $to;
        $code->();
        POSIX::_exit(127);
    }
    syswrite $to, "$pid\n";
    close $to;
    waitpid $pid, 0;
    POSIX::_exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
}

# Waits until the program has written what matches. Returns whether it has.
sub shows {
    my ($self, $pattern, $seconds) = @_;
    my $until = time + ($seconds // 30);
    while ($self->{text} !~ $pattern) {
        return '' if time > $until;
        IO::Select->new($self->{keyboard})->can_read(1)                       or next;
        sysread $self->{keyboard}, $self->{text}, 65536, length $self->{text} or return '';
    }
    $self->{text} =~ s/\A.*?$pattern//s;
    return 1;
}

sub type { my ($self, $keys) = @_; syswrite $self->{keyboard}, $keys; return }

# Sends a signal to the program.
sub signal {
    my ($self, $signal) = @_;
    return kill $signal, $self->{program};
}

sub has_echo {
    my ($self) = @_;
    my $attributes = POSIX::Termios->new;
    $attributes->getattr(fileno $self->{terminal});
    return ($attributes->getlflag & POSIX::ECHO()) != 0;
}

# Waits for the end of the program. Returns its exit status as a shell has it: 128 and more for a signal.
sub status {
    my ($self) = @_;
    waitpid $self->{shell}, 0;
    return $? >> 8;
}

1;
