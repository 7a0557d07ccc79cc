package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// certificates are the files by which two ends of TLS know each other, in PEM.
type certificates struct {
	cert, key string // one's own; "": none
	ca        string // of those who certify the other end; "": the system's
}

// flags are --PREFIXcert, --PREFIXcert-key and --PREFIXca, about another end.
func (c *certificates) flags(cmd *cobra.Command, prefix, other string) {
	cmd.Flags().StringVar(&c.ca, prefix+"ca", "", "`file` with the certificates of those who certify "+other+" (default: the system's)")
	cmd.Flags().StringVar(&c.cert, prefix+"cert", "", "`file` with the certificate that "+other+" knows this program by")
	cmd.Flags().StringVar(&c.key, prefix+"cert-key", "", "`file` with its key")
	goWith(cmd, prefix+"cert-key", prefix+"cert")
	goWith(cmd, prefix+"cert", prefix+"cert-key")
}

// client is the configuration of an end that connects.
func (c *certificates) client() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	var err error
	if c.ca != "" {
		if config.RootCAs, err = pool(c.ca); err != nil {
			return nil, err
		}
	}
	if c.cert != "" {
		if config.Certificates, err = c.own(); err != nil {
			return nil, err
		}
	}
	return config, nil
}

// server is the configuration of an end that listens, and asks each client for a
// certificate.
func (c *certificates) server() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert}
	var err error
	if config.ClientCAs, err = pool(c.ca); err != nil {
		return nil, err
	}
	config.Certificates, err = c.own()
	return config, err
}

func (c *certificates) own() ([]tls.Certificate, error) {
	own, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", c.cert, c.key, err)
	}
	return []tls.Certificate{own}, nil
}

func pool(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := x509.NewCertPool()
	if !all.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: no certificate is in it", path)
	}
	return all, nil
}
