package ec2

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each member of our shapes is EC2's own, but for those we add.
func TestNamesAreEC2s(t *testing.T) {
	ours := map[string]bool{"ManagedPrefixList.Entries": true, "Instance.ReservationId": true}
	seen := map[reflect.Type]bool{}
	var check func(reflect.Type)
	check = func(shape reflect.Type) {
		for shape.Kind() == reflect.Slice || shape.Kind() == reflect.Pointer {
			shape = shape.Elem()
		}
		if shape.Kind() != reflect.Struct || shape.PkgPath() != reflect.TypeFor[Vpc]().PkgPath() || seen[shape] {
			return
		}
		seen[shape] = true
		for _, field := range reflect.VisibleFields(shape) {
			name := shape.Name() + "." + field.Name
			require.True(t, Has(shape.Name(), field.Name) != ours[name], name)
			check(field.Type)
		}
	}
	for _, shape := range []any{Vpc{}, Subnet{}, RouteTable{}, NetworkAcl{}, SecurityGroup{}, SecurityGroupVpcAssociation{}, NetworkInterface{},
		Address{}, InternetGateway{}, NatGateway{}, VpcPeeringConnection{}, ManagedPrefixList{}, PrefixList{}, Reservation{}, InstanceAttribute{}, InstanceTypeInfo{}, KeyPair{}, VpcAttribute{}} {
		check(reflect.TypeOf(shape))
	}
	require.Greater(t, len(seen), 30)
	for shape, members := range names {
		require.True(t, slices.IsSorted(members), shape)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"SecurityGroups", "Subnets", "Vpcs"}
	for name, want := range map[string]string{
		"SecurtyGroups": "SecurityGroups", "securitygroups": "SecurityGroups", "Subnet": "Subnets", "VPCs": "Vpcs", "Vpc": "Vpcs",
		"Elephants": "", "": "", "X": "",
	} {
		require.Equal(t, want, Nearest(name, known), name)
	}
}

// The names of an object are its own, however long the values between them are.
func TestNamesBetweenLongValues(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	object := []byte(`{"InstanceId": "` + long + `", "State": {"Name": "` + long + `"}, "ImageId": "ami"}`)
	require.Equal(t, []string{"InstanceId", "State", "ImageId"}, Names(object))
	require.Equal(t, `"ami"`, string(Member(object, "ImageId")))
	require.Nil(t, Member(object, "Name"))
}
