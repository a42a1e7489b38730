# shellcheck shell=sh disable=SC2034
# tls_lib.sh: certificates and a cofferd that speaks TLS itself.

TLS_NAME=coffer.example.org
C=$T/tls
mkdir -p "$C"
chmod 755 "$C"

# cert NAME SUBJECTALTNAME DAYS [SIGNER]: NAME.pem and NAME.key, the chain with it
cert()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$C/$1.key" -subj "/CN=$1" -out "$C/$1.csr" 2>"$T/openssl.log" ||
	    tap_bail 'openssl'
	printf 'subjectAltName=%s\nbasicConstraints=CA:%s\n' "$2" "${5:-FALSE}" >"$C/$1.ext"
	if [ -z "${4:-}" ]; then
		set -- "$1" "$2" "$3" "$1" -signkey "$C/$1.key"
	else
		set -- "$1" "$2" "$3" "$4" -CA "$C/$4.pem" -CAkey "$C/$4.key" -CAcreateserial
	fi
	cert_n=$1
	cert_days=$3
	shift 4
	openssl x509 -req -in "$C/$cert_n.csr" "$@" -days "$cert_days" \
	    -extfile "$C/$cert_n.ext" -out "$C/$cert_n.pem" 2>"$T/openssl.log" ||
	    tap_bail 'openssl'
	chmod 644 "$C/$cert_n.pem" "$C/$cert_n.key"
}

free_port()
{
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
	    LocalAddr => "127.0.0.1")->sockport'
}

# tls_use NAME: that certificate is the server's
tls_use()
{
	cp "$C/$1.pem" "$C/now.pem"
	cp "$C/$1.key" "$C/now.key"
	chmod 644 "$C/now.pem" "$C/now.key"
}

# tls_conf: a coffer.conf with TLS, and what stands on standard input
tls_conf()
{
	TLS_PORT=$(free_port)
	TLS_URL=https://$TLS_NAME:$TLS_PORT
	{
		cat <<-CONF
		allow_file_upstream = yes
		min_free = 1
		$(lib_router_ids)
		listen_tls = 127.0.0.1:$TLS_PORT
		tls_cert = $C/now.pem
		tls_key = $C/now.key
		public_url = $TLS_URL
		CONF
		cat
	} | coffer_conf
}
