"""A script for Windows PowerShell 5.1 and PowerShell 7, which works as the shell script does, without any program."""

from packllama.links.formats.heading import ACCEPT, heading
from packllama.links.link import Link
from packllama.links.listing import Listing

COMMAND = "powershell -ExecutionPolicy Bypass -File FILE"

# PowerShell takes typographic quotes for plain ones.
QUOTES = "'‘’‚‛"

TEXT = """\
# {heading}
# {use}
# Run it again, and it goes on where it stopped.
$accept = {accept}
{functions}{calls}
if ($right) {{ Write-Host 'All files are there and right.' }} else {{ exit 1 }}
# Then: {command}
"""

FUNCTIONS = r"""
$ErrorActionPreference = 'Stop'
$protocols = [Net.ServicePointManager]::SecurityProtocol
[Net.ServicePointManager]::SecurityProtocol = $protocols -bor [Net.SecurityProtocolType]::Tls12

function Test-Right([string] $Path, [string] $Digest) {
    -not $Digest -or (Get-FileHash -Algorithm SHA256 -LiteralPath $Path).Hash -eq $Digest
}

# Nothing is left to fetch. What is larger than it may be, or whose size is not known (-1), begins anew.
function Test-Whole([string] $Part, [long] $Size) {
    if (-not (Test-Path -LiteralPath $Part)) { return $Size -eq 0 }
    $have = (Get-Item -LiteralPath $Part).Length
    if ($have -ge $Size -and $have -ne $Size) { Remove-Item -LiteralPath $Part }
    $have -eq $Size
}

function Receive-Part([string] $Link, [string] $Part) {
    $have = [long] 0
    if (Test-Path -LiteralPath $Part) { $have = (Get-Item -LiteralPath $Part).Length }
    $request = [Net.HttpWebRequest] [Net.WebRequest]::Create($Link)
    $request.UserAgent = 'packllama'
    $request.Accept = $accept
    if ($have -gt 0) { $request.AddRange($have) }
    $response = $request.GetResponse()
    try {
        # 206: it goes on where we stopped.
        $mode = if ([int] $response.StatusCode -eq 206) { [IO.FileMode]::Append } else { [IO.FileMode]::Create }
        $file = [IO.File]::Open($Part, $mode)
        try {
            $due = $file.Length + $response.ContentLength
            $response.GetResponseStream().CopyTo($file)
            if ($response.ContentLength -ge 0 -and $file.Length -ne $due) { throw 'the answer was cut off' }
        } finally { $file.Dispose() }
    } finally { $response.Dispose() }
}

function Get-Whole([string] $Name, [long] $Size, [string] $Digest, [string[]] $Links) {
    $path = Join-Path (Get-Location).ProviderPath $Name
    $part = "$path.part"
    if (Test-Path -LiteralPath $path) {
        if (Test-Right $path $Digest) { return $true }
        Write-Warning "${Name}: it is there, and is not what it should be; remove it"
        return $false
    }
    [void] [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($path))
    foreach ($link in $Links) {
        Write-Host $Name
        try {
            if (-not (Test-Whole $part $Size)) { Receive-Part $link $part }
            if (-not (Test-Path -LiteralPath $part)) { [IO.File]::WriteAllBytes($part, [byte[]] @()) }
            if (Test-Right $part $Digest) {
                Move-Item -LiteralPath $part -Destination $path
                return $true
            }
            Remove-Item -LiteralPath $part
            Write-Warning "${link}: not the bytes that were asked for; they were removed"
        } catch { Write-Warning "${link}: $_" }
    }
    $false
}

$right = $true
"""


def write(listing: Listing) -> str:
    calls = "".join(f"if (-not ({_call(link)})) {{ $right = $false }}\n" for link in listing.links)
    return TEXT.format(
        heading=heading(listing),
        use=COMMAND,
        accept=quoted(ACCEPT),
        functions=FUNCTIONS,
        calls=calls,
        command=listing.command,
    )


def _call(link: Link) -> str:
    size = "(-1)" if link.size is None else str(link.size)
    digest = link.digest.hex if link.digest else ""
    return f"Get-Whole {quoted(link.saved)} {size} {quoted(digest)} @({', '.join(map(quoted, link.urls))})"


def quoted(text: str) -> str:
    """A text between single quotes, in which PowerShell reads nothing but a doubled quote."""
    return "'" + "".join(char * 2 if char in QUOTES else char for char in text) + "'"
